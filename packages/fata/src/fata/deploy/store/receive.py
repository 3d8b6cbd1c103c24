"""The host's side of a transfer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fata.deploy.signing import Signer
from fata.deploy.store import frames
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.frames import Content, Done, Offer, Refused, Want, Wanted
from fata.deploy.store.item import Item, check
from fata.deploy.store.part import DamagedError, Part, opened
from fata.image.manifest import FILE_NAME
from functoria import UserError

SIGNATURE = f"{FILE_NAME}.sig"
_CHUNK = 1 << 18

Admit = Callable[[bytes, bytes | None, tuple[Item, ...]], Signer | None]
"""Who signed, of a manifest, its signature and what is offered with it. Raises `UserError`."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """`Arrived(manifest, signature, signer)` is an image that is in the store, whole and right."""

    manifest: Item
    signature: Item | None
    signer: Signer | None


def receive(blobs: Blobs, stdin: BinaryIO, stdout: BinaryIO, admit: Admit) -> Arrived:
    """`receive(blobs, stdin, stdout, admit)` is the image that came over the pipe.

    `admit` decides before anything but the manifest travels. The client is told of every failure;
    it is raised here, too.
    """
    try:
        offer, manifest, signature = _offer(stdin)
        signer = admit(manifest, signature, offer.items)
        _receive_items(blobs, offer.items, stdin, stdout)
        arrived = Arrived(
            blobs.put(manifest, FILE_NAME),
            None if signature is None else blobs.put(signature, SIGNATURE),
            signer,
        )
    except UserError as error:
        refuse(stdout, error)
        raise
    signed = None if arrived.signature is None else arrived.signature.digest
    _say(stdout, Done(arrived.manifest.digest, signed, None if signer is None else str(signer)))
    return arrived


def refuse(stdout: BinaryIO, error: UserError) -> None:
    """Tell the client why nothing is received, if it still listens."""
    where = None if error.where is None else str(error.where)
    with contextlib.suppress(frames.LostError):
        _say(stdout, Refused(error.what, where, error.do))


def _say(stdout: BinaryIO, message: object) -> None:
    try:
        stdout.write(frames.packed(message))
        stdout.flush()
    except OSError:
        raise frames.lost() from None


def _offer(stdin: BinaryIO) -> tuple[Offer, bytes, bytes | None]:
    offer = frames.read(stdin, Offer)
    if offer.version != frames.VERSION:
        raise UserError(
            f"the client sends images in version {offer.version} of the protocol, and the host "
            f"takes version {frames.VERSION}",
            "store",
            "run the command again, which brings the host's fata to the version of yours",
        )
    if not 0 < offer.manifest <= frames.MAXIMUM_MANIFEST or not (
        0 <= offer.signature <= frames.MAXIMUM_SIGNATURE
    ):
        raise UserError(
            "the manifest or its signature is too large",
            FILE_NAME,
            "build the image again with `fata build`",
        )
    if len(offer.items) > frames.MAXIMUM_ITEMS:
        raise UserError(
            f"{len(offer.items)} files are offered, of {frames.MAXIMUM_ITEMS} at most",
            FILE_NAME,
            "build the image again with `fata build`",
        )
    for item in offer.items:
        check(item)
    manifest = frames.exactly(stdin, offer.manifest)
    signature = frames.exactly(stdin, offer.signature)
    return offer, manifest, signature or None


def _receive_items(
    blobs: Blobs, items: tuple[Item, ...], stdin: BinaryIO, stdout: BinaryIO
) -> None:
    """Ask for what is missing until nothing is.

    What came of a file on an earlier connection may have been damaged by a loss of power: then it
    is asked for once more, from its beginning.
    """
    missing = blobs.missing(items)
    while missing:
        with contextlib.ExitStack() as held:
            parts = [held.enter_context(opened(blobs, item)) for item in missing]
            wanted = tuple(Wanted(part.item.digest, part.arrived) for part in parts)
            _say(stdout, Want(wanted))
            missing = tuple(_damaged(parts, stdin))
    _say(stdout, Want(()))


def _damaged(parts: list[Part], stdin: BinaryIO) -> Iterator[Item]:
    """Receive the parts, and give those that have to come again."""
    for part in parts:
        resumed = part.arrived > 0
        content = frames.read(stdin, Content)
        left = part.item.size - part.arrived
        if (content.digest, content.offset, content.size) != (
            part.item.digest,
            part.arrived,
            left,
        ):
            raise UserError(
                f"something else than `{part.item.name}` was sent",
                "store",
                "see that both sides have one version of fata, then run the command again",
            )
        _fill(part, left, stdin)
        try:
            part.finish()
        except DamagedError:
            if not resumed:
                raise
            yield part.item


def _fill(part: Part, left: int, stdin: BinaryIO) -> None:
    buffer = memoryview(bytearray(_CHUNK))
    while left:
        count = stdin.readinto(buffer[: min(left, _CHUNK)])  # type: ignore[attr-defined]
        if not count:
            raise frames.lost()
        part.write(buffer[:count])
        left -= count
