"""What every block device refuses, in the same words."""

from __future__ import annotations

from libos.signatures.block import BlockError

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from libos.signatures.block import Block

SECTOR_SIZES = (512, 4096)
"""What disks have, in bytes."""


class Geometry:
    """`Geometry(sectors, sector_size, read_only)` is what a block device tells of itself."""

    __slots__ = ("_read_only", "_sector_size", "_sectors")

    def __init__(self, sectors: int, sector_size: int, read_only: bool) -> None:
        self._sectors = sectors
        self._sector_size = sector_size
        self._read_only = read_only

    @property
    def sector_size(self) -> int:
        """`sector_size` is the bytes of a sector, 512 or 4096."""
        return self._sector_size

    @property
    def sectors(self) -> int:
        """`sectors` is how many there are, once started."""
        return self._sectors

    @property
    def read_only(self) -> bool:
        """`read_only` is whether every write is refused."""
        return self._read_only


def check_geometry(size: int, sector_size: int, name: str) -> int:
    """`check_geometry(size, sector_size, name)` is how many sectors `size` bytes are.

    Raises `BlockError` for a sector size that no disk has, and for a size that is not of whole
    sectors.
    """
    if sector_size not in SECTOR_SIZES:
        raise BlockError(f"{name} cannot have sectors of {sector_size} bytes: use 512 or 4096")
    if size < 0 or size % sector_size:
        below, above = size - size % sector_size, size - size % -sector_size
        raise BlockError(
            f"{name} has {size} bytes, which are no whole sectors of {sector_size}: "
            f"give it {above}" + (f", or cut it to {below}" if below > 0 else "")
        )
    return size // sector_size


def check_read(block: Block, sector: int, count: int, name: str) -> None:
    """Raise `BlockError` unless `block` has `count` sectors from `sector` on."""
    if sector < 0 or count < 0 or sector + count > block.sectors:
        raise BlockError(
            f"{name} has {block.sectors} sectors, and {count} from {sector} on are not all there"
        )


def check_write(block: Block, sector: int, length: int, name: str) -> int:
    """`check_write(block, sector, length, name)` is how many sectors `length` bytes are.

    Raises `BlockError` if they are not whole sectors, not all there, or `block` is read-only.
    """
    if block.read_only:
        raise BlockError(f"{name} is read-only")
    count, rest = divmod(length, block.sector_size)
    if rest:
        raise BlockError(
            f"{name} is written in whole sectors of {block.sector_size} bytes, not {length} bytes"
        )
    check_read(block, sector, count, name)
    return count
