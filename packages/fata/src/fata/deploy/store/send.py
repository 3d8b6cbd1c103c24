"""The client's side of a transfer."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fata.deploy.store import frames
from fata.deploy.store.frames import Content, Done, Offer, Want, Wanted
from fata.deploy.store.item import Item, item_of
from fata.image.manifest import blobs_of, parse
from functoria import UserError

_CHUNK = 1 << 20

Progress = Callable[[int, int], None]
"""Told, after each piece, how many bytes have been sent and how many are to be sent in all."""


@dataclass(frozen=True, slots=True)
class Source:
    """`Source(item, path)` is a file of an image, and where it lies here."""

    item: Item
    path: Path


def sources(manifest: bytes, directory: Path) -> tuple[Source, ...]:
    """`sources(manifest, directory)` is the files that the manifest in the directory names."""
    named = blobs_of(parse(manifest, str(directory)))
    return tuple(Source(item_of(blob), directory / blob.file) for blob in named)


def send(
    manifest: bytes,
    signature: bytes | None,
    files: Sequence[Source],
    stdin: BinaryIO,
    stdout: BinaryIO,
    progress: Progress,
) -> Done:
    """`send(manifest, signature, files, stdin, stdout, progress)` is what the host then has.

    `stdin` and `stdout` are those of `receive` on the host. Only what the host lacks is sent.
    Raises `UserError`: what the host refused, `LostError` where the connection ended.
    """
    by_digest = {file.item.digest: file for file in files}
    items = tuple(file.item for file in by_digest.values())
    offer = Offer(frames.VERSION, len(manifest), len(signature or b""), items)
    with _told(stdout):
        _write(stdin, frames.packed(offer) + manifest + (signature or b""))
    while wanted := frames.read(stdout, Want).wanted:
        _send_wanted(wanted, by_digest, stdin, stdout, progress)
    return frames.read(stdout, Done)


def _send_wanted(
    wanted: Sequence[Wanted],
    files: dict[str, Source],
    stdin: BinaryIO,
    stdout: BinaryIO,
    progress: Progress,
) -> None:
    for one in wanted:
        if one.digest not in files or not 0 <= one.offset <= files[one.digest].item.size:
            raise UserError(
                "the host asks for what was not offered",
                "store",
                "see that both sides have one version of fata, then run the command again",
            )
    total = sum(files[one.digest].item.size - one.offset for one in wanted)
    sent = 0
    for one in wanted:
        source = files[one.digest]
        size = source.item.size - one.offset
        with _told(stdout), _opened(source) as file:
            _write(stdin, frames.packed(Content(one.digest, one.offset, size)))
            for count in _copied(source, file, one.offset, stdin):
                sent += count
                progress(sent, total)


def _write(stdin: BinaryIO, data: bytes) -> None:
    """Without a buffer: what is in one when the pipe closes would fail again at its closing."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(stdin.fileno(), rest) :]


def _opened(source: Source) -> BinaryIO:
    try:
        file = source.path.open("rb")
    except OSError as error:
        raise _changed(source, (error.strerror or str(error)).lower()) from None
    size = os.fstat(file.fileno()).st_size
    if size != source.item.size:
        file.close()
        raise _changed(source, f"it has {size} bytes instead of {source.item.size}")
    return file


def _copied(source: Source, file: BinaryIO, offset: int, stdin: BinaryIO) -> Iterator[int]:
    """Send the file from `offset` on, from disk to pipe without a copy of ours (sendfile(2))."""
    while offset < source.item.size:
        left = min(source.item.size - offset, _CHUNK)
        count = os.sendfile(stdin.fileno(), file.fileno(), offset, left)
        if not count:
            raise _changed(source, "it became shorter while it was read")
        offset += count
        yield count


def _changed(source: Source, how: str) -> UserError:
    return UserError(
        f"`{source.item.name}` is not as it was built: {how}",
        str(source.path),
        "build the image again with `fata build`",
    )


@contextlib.contextmanager
def _told(stdout: BinaryIO) -> Iterator[None]:
    """Within `_told(stdout)` a closed pipe is explained by what the host said last, if it did."""
    try:
        yield
    except (BrokenPipeError, ConnectionResetError):
        while True:  # ends with what is raised: the host's refusal, or that it has gone
            frames.read(stdout, Want)
