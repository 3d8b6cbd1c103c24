"""A block device: numbered sectors of one size, on whatever keeps them."""

from __future__ import annotations

from typing import Protocol


class BlockError(OSError):
    """A request that a device cannot satisfy: out of its range, of the wrong length, refused."""


class Block(Protocol):
    """A block device. Sectors are numbered from 0; all reads and writes are of whole sectors.

    A write is on the medium when `flush` has returned, and not before; what is written without
    a flush may be lost, wholly or sector by sector, if the machine ends. A sector is written
    wholly or not at all. A write that was cancelled does not reach the medium later.
    """

    @property
    def sector_size(self) -> int:
        """`sector_size` is the bytes of a sector, a power of two from 512 on."""
        ...

    @property
    def sectors(self) -> int:
        """`sectors` is how many there are."""
        ...

    @property
    def read_only(self) -> bool:
        """`read_only` is whether every write is refused."""
        ...

    async def read(self, sector: int, count: int = 1) -> bytes:
        """`read(sector, count)` is the content of `count` sectors from `sector` on.

        Raises `BlockError` if they are not all there, `OSError` if the medium fails.
        """
        ...

    async def write(self, sector: int, data: bytes) -> None:
        """Write `data`, whole sectors, from `sector` on.

        Raises `BlockError` for a length that is not of whole sectors, for sectors that are not
        there and on a read-only device, `OSError` if the medium fails.
        """
        ...

    async def flush(self) -> None:
        """When `flush()` has returned, all that was written before is on the medium."""
        ...
