"""The bytes of a block device, whatever its sectors are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libos.signatures.block import Block

_WINDOW = 1 << 15


class Reader:
    """`Reader(block)` reads bytes of a device that has been started."""

    __slots__ = ("_at", "_block", "_window", "size")

    def __init__(self, block: Block) -> None:
        self._block = block
        self.size = block.sectors * block.sector_size
        """`size` is how many there are."""
        self._at = 0
        self._window = b""

    async def read(self, offset: int, length: int) -> bytes:
        """`read(offset, length)` is those bytes, which must all be there."""
        size = self._block.sector_size
        first, end = offset // size, -(-(offset + length) // size)
        data = await self._block.read(first, end - first)
        start = offset - first * size
        return data if len(data) == length else data[start : start + length]

    async def near(self, offset: int, length: int) -> bytes:
        """`near(offset, length)` is those bytes, read along with what follows and remembered.

        For small pieces that lie near each other. What is not there is left out.
        """
        start = offset - self._at
        if start < 0 or start + length > len(self._window):
            self._at = offset - offset % self._block.sector_size
            end = min(max(self._at + _WINDOW, offset + length), self.size)
            self._window = await self.read(self._at, end - self._at) if end > self._at else b""
            start = offset - self._at
        return self._window[start : start + length]
