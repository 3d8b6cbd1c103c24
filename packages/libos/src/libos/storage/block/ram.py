"""A block device in memory, which is gone when the program ends."""

from __future__ import annotations

from libos.storage.block.bounds import Geometry, check_geometry, check_read, check_write


class RamBlock(Geometry):
    """`RamBlock(size)` is `size` bytes of memory, zeros at first, as a `Block`.

    `content`, if given, is what the first sectors hold instead. `name` is what errors call it.
    """

    __slots__ = ("_bytes", "_name")

    def __init__(
        self,
        size: int,
        *,
        sector_size: int = 512,
        content: bytes = b"",
        read_only: bool = False,
        name: str = "the disk in memory",
    ) -> None:
        super().__init__(check_geometry(size, sector_size, name), sector_size, read_only)
        self._bytes = bytearray(size)
        self._bytes[: min(len(content), size)] = content[:size]
        self._name = name

    async def read(self, sector: int, count: int = 1) -> bytes:
        """`read(sector, count)` is the content of `count` sectors from `sector` on."""
        check_read(self, sector, count, self._name)
        first = sector * self._sector_size
        return bytes(self._bytes[first : first + count * self._sector_size])

    async def write(self, sector: int, data: bytes) -> None:
        """Write `data`, whole sectors, from `sector` on."""
        check_write(self, sector, len(data), self._name)
        first = sector * self._sector_size
        self._bytes[first : first + len(data)] = data

    async def flush(self) -> None:
        """Memory has nowhere to flush to."""
