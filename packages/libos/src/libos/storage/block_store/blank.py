"""Whether a device holds anything that formatting it would destroy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from libos.storage.error import Unrecognised

if TYPE_CHECKING:
    from libos.signatures.block import Block

_AT_ONCE = 1 << 20
_KNOWN = (
    (257, b"ustar", "a tar archive"),
    (1080, b"\x53\xef", "an ext file system"),
    (512, b"EFI PART", "a partition table"),
    (510, b"\x55\xaa", "a partition table or a FAT file system"),
)


async def check_blank(block: Block) -> None:
    """Raise `Unrecognised` unless all bytes of the device are zero."""
    count = max(1, _AT_ONCE // block.sector_size)
    zeros = bytes(count * block.sector_size)
    for sector in range(0, block.sectors, count):
        length = min(count, block.sectors - sector)
        data = await block.read(sector, length)
        if data != zeros[: len(data)]:
            what = _guess(data) if sector == 0 else "data of another kind"
            raise Unrecognised(
                f"the disk holds {what} and no key-value store; if that may be lost, start once "
                "with the argument `format`, or give a disk of zeros"
            )
        await asyncio.sleep(0)


def _guess(start: bytes) -> str:
    for at, magic, what in _KNOWN:
        if start.startswith(magic, at):
            return what
    return "data of another kind"
