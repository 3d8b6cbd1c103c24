"""Where things lie in a FAT file system: Microsoft's "FAT: General Overview of On-Disk Format",
version 1.03, sections "Boot Sector and BPB" and "FAT Type Determination".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from libos.storage.error import Damaged, Unrecognised

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from libos.storage.reader import Reader

_BOOT = struct.Struct("<3x8sHBHBHHBHHHII")
_FAT32 = struct.Struct("<I2xHI")
_PARTITION = struct.Struct("<4xB3xII")
_PARTITIONS = 446
_SIGNATURE = b"\x55\xaa"
_FAT_PARTITIONS = frozenset({0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E, 0xEF})
_GPT = 0xEE
_MOST_CLUSTERS_12 = 4084
_MOST_CLUSTERS_16 = 65524
_MOST_CLUSTERS_32 = 0x0FFFFFF5


class Volume:
    """A FAT file system: all places are in bytes from the device's start."""

    __slots__ = (
        "_bits",
        "_fat",
        "_reader",
        "cluster_size",
        "clusters",
        "data",
        "root",
        "root_cluster",
        "root_size",
    )

    def __init__(self, reader: Reader, boot: bytes, at: int) -> None:
        numbers = _BOOT.unpack_from(boot)
        _, size, per_cluster, reserved, fats, entries, small, _, fat_size, _, _, _, large = numbers
        self.root_cluster: int = 0
        """`root_cluster` is where the root's chain begins; 0 means at `root`, outside of it."""
        if fat_size == 0:
            fat_size, version, self.root_cluster = _FAT32.unpack_from(boot, 36)
            if version:
                raise Unrecognised(f"the FAT32 volume has version {version:#x}, which is unknown")
        sectors: int = small or large
        self._reader = reader
        self._fat: int = at + reserved * size
        self.root: int = self._fat + fats * fat_size * size
        self.root_size: int = entries * 32
        self.data: int = self.root + -(-self.root_size // size) * size
        self.cluster_size: int = per_cluster * size
        self.clusters: int = (at + sectors * size - self.data) // self.cluster_size
        self._bits = self._kind()
        self._check(at + sectors * size, fat_size * size)

    def _kind(self) -> int:
        """The bits of an entry. What Linux takes for FAT32 is that, however small it is."""
        if self.root_cluster:
            return 32
        return 12 if self.clusters <= _MOST_CLUSTERS_12 else 16

    def _check(self, end: int, fat_size: int) -> None:
        if end > self._reader.size:
            raise Damaged(
                f"the FAT volume is cut short: it ends at byte {end}, and the disk at byte "
                f"{self._reader.size}"
            )
        most = {12: _MOST_CLUSTERS_12, 16: _MOST_CLUSTERS_16, 32: _MOST_CLUSTERS_32}[self._bits]
        if not 0 < self.clusters <= most or (self.clusters + 2) * self._bits > fat_size * 8:
            raise Damaged(
                f"the FAT volume's boot sector is damaged: it says of {self.clusters} clusters "
                f"what cannot be"
            )

    def place(self, cluster: int) -> int:
        """`place(cluster)` is the byte at which it begins. Raises `Damaged` if it is not there."""
        if not 2 <= cluster < self.clusters + 2:
            raise Damaged(f"the FAT volume is damaged: there is no cluster {cluster}")
        return self.data + (cluster - 2) * self.cluster_size

    async def following(self, cluster: int) -> int:
        """`following(cluster)` is the next one of its chain, 0 behind the last."""
        offset = self._fat + cluster * self._bits // 8
        if self._bits == 32:
            entry = int.from_bytes(await self._reader.near(offset, 4), "little") & 0x0FFFFFFF
            return 0 if entry >= 0x0FFFFFF8 else entry
        entry = int.from_bytes(await self._reader.near(offset, 2), "little")
        if self._bits == 16:
            return 0 if entry >= 0xFFF8 else entry
        entry = entry >> 4 if cluster % 2 else entry & 0xFFF
        return 0 if entry >= 0xFF8 else entry

    def unseen(self) -> bytearray:
        """`unseen()` is a set of clusters for `chain`, with none in it yet."""
        return bytearray(-(-(self.clusters + 2) // 8))

    async def chain(self, cluster: int, most: int, seen: bytearray) -> AsyncIterator[int]:
        """`chain(cluster, n, seen)` is where the clusters of a chain begin, `n` of them at most.

        They are added to `seen`. Raises `Damaged` if one is there already, or does not exist.
        """
        for _ in range(most):
            place = self.place(cluster)
            if seen[cluster >> 3] & 1 << (cluster & 7):
                raise Damaged(f"the FAT volume is damaged: cluster {cluster} is in chains twice")
            seen[cluster >> 3] |= 1 << (cluster & 7)
            yield place
            cluster = await self.following(cluster)
            if cluster == 0:
                return


async def find(reader: Reader) -> Volume:
    """`find(reader)` is the FAT volume of a device, or of the first partition that has one.

    Raises `Unrecognised` if there is none, and `Damaged` if its boot sector makes no sense.
    """
    first = await reader.near(0, 512)
    if is_boot_sector(first):
        return Volume(reader, first, 0)
    if first[510:512] != _SIGNATURE:
        raise Unrecognised("the disk holds neither a FAT volume nor a partition table")
    kinds = []
    for number in range(4):
        kind, start, _ = _PARTITION.unpack_from(first, _PARTITIONS + number * 16)
        kinds.append(kind)
        if kind not in _FAT_PARTITIONS:
            continue
        boot = await reader.near(start * 512, 512)
        if len(boot) < 512 or not is_boot_sector(boot):
            raise Damaged(f"partition {number + 1} of the disk holds no FAT volume")
        return Volume(reader, boot, start * 512)
    if _GPT in kinds:
        raise Unrecognised("the disk has a GUID partition table; give a FAT volume, or an MBR")
    raise Unrecognised("no partition of the disk is one for a FAT volume")


def is_boot_sector(sector: bytes) -> bool:
    """`is_boot_sector(sector)` is whether all that is fixed in one of FAT is there."""
    if len(sector) < 512 or sector[510:512] != _SIGNATURE or sector[0] not in (0xEB, 0xE9):
        return False
    _, size, per_cluster, reserved, fats, _, _, media, *_ = _BOOT.unpack_from(sector)
    return (
        size in (512, 1024, 2048, 4096)
        and per_cluster > 0
        and per_cluster & (per_cluster - 1) == 0
        and reserved > 0
        and fats in (1, 2)
        and (media == 0xF0 or media >= 0xF8)
    )
