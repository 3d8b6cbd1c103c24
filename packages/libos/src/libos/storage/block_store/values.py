"""The values of a block store: which extents a part lies in, and how new ones are written."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from libos.storage.block_store.format import Stored

if TYPE_CHECKING:
    from libos.signatures.block import Block
    from libos.storage.block_store.format import Extent
    from libos.storage.block_store.space import Space


class Unwritten(Stored):
    """A value whose bytes are yet to be written, between extents that it has already."""

    __slots__ = ("after", "before", "value")

    def __init__(
        self, value: bytes, before: tuple[Extent, ...] = (), after: tuple[Extent, ...] = ()
    ) -> None:
        super().__init__(len(value), ())
        self.value = value
        self.before = before
        self.after = after

    def sectors(self, sector_size: int) -> int:
        """`sectors(size)` is how many are to be written."""
        return -(-len(self.value) // sector_size)


async def write(
    block: Block, space: Space, entry: Unwritten, taken: list[tuple[int, int]]
) -> Stored:
    """`write(block, space, entry, taken)` is the entry once its bytes are written.

    The runs that it took of `space` are added to `taken`, also if there is an error.
    """
    size = block.sector_size
    runs = space.take(entry.sectors(size))
    taken += runs
    extents = []
    at = 0
    for start, count in runs:
        data = entry.value[at : at + count * size].ljust(count * size, b"\0")
        await block.write(start, data)
        extents.append((start, count, crc32(data)))
        at += count * size
    return Stored(entry.size, (*entry.before, *extents, *entry.after))


def touched(entry: Stored, offset: int, length: int, sector_size: int) -> tuple[list[Extent], int]:
    """`touched(entry, offset, length, size)` is the extents of those bytes, and where they begin.

    An extent is touched if it has a byte behind `offset` and one before the end.
    """
    extents: list[Extent] = []
    first = at = 0
    for extent in entry.extents:
        following = at + extent[1] * sector_size
        if following <= offset:
            first = following
        elif at < offset + length:
            extents.append(extent)
        at = following
    return extents, first


def bounds(entry: Stored, offset: int, length: int, sector_size: int) -> tuple[int, int]:
    """`bounds(entry, offset, length, size)` is from which byte to which one to write anew."""
    extents, first = touched(entry, offset, length, sector_size)
    end = first + sum(count for _, count, _ in extents) * sector_size
    return first, max(first, min(end, entry.size))


def patched(
    entry: Stored, first: int, old: bytes, offset: int, data: bytes, sector_size: int
) -> Unwritten:
    """`patched(entry, first, old, offset, data, size)` is the entry with `data` at `offset`.

    `old` is its bytes from `first` on, within the `bounds`.
    """
    extents, _ = touched(entry, offset, len(data), sector_size)
    before: list[Extent] = []
    at = 0
    for extent in entry.extents:
        if at >= first:
            break
        before.append(extent)
        at += extent[1] * sector_size
    after = entry.extents[len(before) + len(extents) :]
    end = offset + len(data)
    value = old[: offset - first] + data + old[end - first :]
    new = Unwritten(value, tuple(before), after)
    new.size = max(entry.size, end)
    return new
