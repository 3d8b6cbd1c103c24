"""The log of a block store: what has changed since its index was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.storage.block_store.format import (
    group,
    group_number,
    group_sectors,
    read_group,
)
from libos.storage.error import Damaged

if TYPE_CHECKING:
    from libos.signatures.block import Block

LEAST_SECTORS = 8


class Log:
    """`Log(runs, salt)` is groups of records, one for each flush, in the sectors of `runs`.

    A group is begun only when the one before is on the medium, so that only the last can be
    torn. An empty group is written behind each, not flushed, whose place the next takes: where
    it is found, the one before has outlasted its flush, and is damaged if it is not whole.
    """

    __slots__ = ("_at", "_sectors", "number", "runs", "salt")

    def __init__(self, runs: list[tuple[int, int]], salt: int) -> None:
        self.runs = runs
        self.salt = salt
        self.number = 0
        self._at = 0
        self._sectors = sum(count for _, count in runs)

    def has_room(self, length: int, sector_size: int) -> bool:
        """`has_room(n, size)` is whether a group of `n` bytes fits."""
        return self._at + group_sectors(length, sector_size) <= self._sectors

    async def write(self, block: Block, payload: bytes) -> None:
        """Write a group, for which there is room, in the place of the next."""
        size = block.sector_size
        data = group(payload, self.salt, self.number, size)
        at = 0
        for start, count in self._places(self._at, len(data) // size):
            await block.write(start, data[at : at + count * size])
            at += count * size

    async def close(self, block: Block, length: int) -> None:
        """What was written last, `length` bytes, is on the medium: the next group is another."""
        self._skip(length, block.sector_size)
        await self.mark(block)

    async def mark(self, block: Block) -> None:
        """Write an empty group, if there is room: what precedes it is on the medium."""
        if self.has_room(0, block.sector_size):
            await self.write(block, b"")

    def _skip(self, length: int, sector_size: int) -> None:
        self._at += group_sectors(length, sector_size)
        self.number += 1

    def _places(self, first: int, count: int) -> list[tuple[int, int]]:
        """The runs in which the log's sectors from `first` on lie."""
        places = []
        for start, length in self.runs:
            if first < length and count > 0:
                size = min(length - first, count)
                places.append((start + first, size))
                count -= size
                first = 0
            else:
                first -= min(first, length)
        return places

    async def read(self, block: Block) -> tuple[list[bytes], bool]:
        """`read(block)` is what the groups hold, and whether the last is known to be flushed.

        The next group is to follow the last one. Raises `Damaged` if one is not whole that must
        have outlasted its flush.
        """
        size = block.sector_size
        data = b"".join([await block.read(start, count) for start, count in self.runs])
        payloads: list[bytes] = []
        while (at := self._at * size) < len(data):
            payload = read_group(data, at)
            if payload is None or group_number(data, at, self.salt) != self.number:
                break
            if not payload:
                break
            payloads.append(payload)
            self._skip(len(payload), size)
        begun = at < len(data) and group_number(data, at, self.salt) == self.number
        for later in range(at, len(data), size):
            ahead = group_number(data, later, self.salt) > self.number
            if ahead and read_group(data, later) is not None:
                raise Damaged(f"group {self.number} of the store's log is not whole")
        return payloads, begun

    def unread(self, length: int, sector_size: int) -> None:
        """The last group that was read, of `length` bytes, does not count: it was not flushed."""
        self._at -= group_sectors(length, sector_size)
        self.number -= 1
