"""Files on their way into a lab: by a disk that it reads, past the emulated sshd.

This machine writes them to the file that is the disk; the lab, which keeps nothing of a disk that
it closed, reads each from its place there and then gives it its name.
"""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fata.lab.machine import EXCHANGE_BYTES
from fata.lab.place import Place, disk_errors
from functoria.error import UserError

BLOCK = 1 << 20
"""Bytes that the lab reads at once; each file begins at a multiple."""
_DISK = "/dev/vda"
_TOKEN_BYTES = 512
_TOKEN_BLOCK = EXCHANGE_BYTES // BLOCK - 1


@dataclass(frozen=True, slots=True)
class Sent:
    """`Sent(target, block, size, mode)` is a file on the disk, from `block` on."""

    target: str
    block: int
    size: int
    mode: int

    def fetch(self, number: int) -> str:
        """The commands by which the lab takes it, under a number for the time being."""
        count = -(-self.size // BLOCK)
        return (
            f"dd if={_DISK} of={number} bs={BLOCK} skip={self.block} count={count} 2>error"
            " || { cat error >&2; exit 1; }\n"
            f"truncate -s {self.size} {number}; chmod {self.mode:o} {number}"
        )

    def settle(self, number: int) -> str:
        """The commands by which it gets its name."""
        parent = self.target.rpartition("/")[0] or "/"
        return f"mkdir -p {shlex.quote(parent)}; mv -f {number} {shlex.quote(self.target)}"


@contextmanager
def sent(place: Place, files: Mapping[str, Path]) -> Iterator[str]:
    """`sent(place, {"/root/x": path})` is a script by which the lab takes the files.

    They are on the disk as long as this lasts. The caller holds the lab's lock, so that nobody
    else uses the disk. Raises `UserError`.
    """
    with disk_errors(place.exchange), place.exchange.open("r+b") as disk:
        try:
            token = secrets.token_hex(_TOKEN_BYTES // 2)
            placed = _place(disk, files)
            disk.seek(_TOKEN_BLOCK * BLOCK)
            disk.write(token.encode())
            disk.flush()
            yield _script(placed, token)
        finally:
            # Its size stays what QEMU knows; its blocks go back to this machine.
            os.ftruncate(disk.fileno(), 0)
            os.ftruncate(disk.fileno(), EXCHANGE_BYTES)


def _script(placed: Sequence[Sent], token: str) -> str:
    """The disk is emptied when we end, however early: the token tells that it was not yet."""
    skip = _TOKEN_BLOCK * BLOCK // _TOKEN_BYTES
    check = f"dd if={_DISK} bs={_TOKEN_BYTES} skip={skip} count=1 2>/dev/null"
    return "\n".join(
        (
            'set -e; d=$(mktemp -d /tmp/copy.XXXXXX); trap \'rm -rf "$d"\' EXIT; cd "$d"',
            *(file.fetch(number) for number, file in enumerate(placed)),
            f'[ "$({check})" = {token} ] || {{ echo "interrupted" >&2; exit 1; }}',
            *(file.settle(number) for number, file in enumerate(placed)),
        )
    )


def _place(disk: IO[bytes], files: Mapping[str, Path]) -> tuple[Sent, ...]:
    placed, block = [], 0
    for target in sorted(files):
        if not target.startswith("/") or target.endswith("/"):
            raise ValueError(f"not the absolute path of a file: {target!r}")
        content, mode = _read(files[target])
        if block * BLOCK + len(content) > _TOKEN_BLOCK * BLOCK:
            raise UserError(
                f"`{files[target].name}` has no room in the lab",
                str(files[target]),
                f"copy less than {_TOKEN_BLOCK} MiB at once",
            )
        disk.seek(block * BLOCK)
        disk.write(content)
        placed.append(Sent(target, block, len(content), mode))
        block += -(-len(content) // BLOCK)
    return tuple(placed)


def _read(path: Path) -> tuple[bytes, int]:
    try:
        return path.read_bytes(), path.stat().st_mode & 0o777
    except OSError as error:
        raise UserError(
            f"`{path.name}` cannot be read: {(error.strerror or str(error)).lower()}",
            str(path),
            "see that the file is there and may be read",
        ) from error
