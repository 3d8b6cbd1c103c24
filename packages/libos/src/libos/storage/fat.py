"""A read-only key-value store on a FAT file system that lies on a block device."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from libos.signatures.kv_ro import InvalidKey, StoreError
from libos.storage import fat_volume
from libos.storage.error import Damaged
from libos.storage.fat_directory import ENTRY, entries
from libos.storage.indexed import Entry, Indexed
from libos.storage.reader import Reader

if TYPE_CHECKING:
    from libos.signatures.block import Block
    from libos.storage.fat_directory import Found
    from libos.storage.fat_volume import Volume

_DIRECTORY_BYTES = 65536 * ENTRY
_MOST_FILES = 1 << 18
_LONGEST_PATH = 4096


class _File(Entry):
    """`runs`, once known, is where its bytes lie: their place, and how many there are."""

    __slots__ = ("cluster", "runs")

    def __init__(self, cluster: int, size: int) -> None:
        super().__init__(size)
        self.cluster = cluster
        self.runs: list[tuple[int, int]] | None = None


class FatStore(Indexed[_File]):
    """`FatStore(block)` is the files of a FAT12, FAT16 or FAT32 file system as a `KvRo`.

    It fills the device, or is in the first partition of an MBR that is one for FAT. Keys are
    the long names where there are any, in their own capitals. Names that make no key are not
    seen.
    """

    __slots__ = ("_block", "_reader", "_volume")

    def __init__(self, block: Block) -> None:
        super().__init__()
        self._block = block
        self._reader: Reader
        self._volume: Volume

    async def start(self) -> None:
        """Read all directories, and none of the values.

        Raises `Unrecognised` if the device holds no FAT, and `Damaged` if it contradicts itself.
        """
        self._reader = Reader(self._block)
        self._volume = await fat_volume.find(self._reader)
        waiting = [("", self._volume.root_cluster)]
        seen = self._volume.unseen()
        count = 0
        while waiting:
            path, cluster = waiting.pop()
            for found in entries(await self._directory(cluster, seen)):
                count += 1
                if count > _MOST_FILES:
                    raise Damaged(f"the FAT volume has more than {_MOST_FILES} files")
                key = f"{path}/{found.name}" if path else found.name
                if len(key) > _LONGEST_PATH:
                    raise Damaged(f"the FAT volume has a path of over {_LONGEST_PATH} characters")
                if self._add(key, found) and found.is_directory:
                    self._volume.place(found.cluster)
                    waiting.append((key, found.cluster))
            await asyncio.sleep(0)

    def _add(self, key: str, found: Found) -> bool:
        """Whether what was found is a key; if so, it is one now."""
        if "/" in found.name:
            return False
        try:
            if self._tree.kind(key) is not None:
                raise Damaged(f"the FAT volume is damaged: {key!r} is there twice")
            if found.is_directory:
                self._tree.make(key)
                return True
            if found.size > self._volume.clusters * self._volume.cluster_size:
                raise Damaged(f"the FAT volume is damaged: {key!r} is larger than all of it")
            self._tree.put(key, _File(found.cluster, found.size))
        except InvalidKey:
            return False
        except StoreError as error:
            raise Damaged(f"the FAT volume is damaged: {error}") from error
        return True

    async def _directory(self, cluster: int, seen: bytearray) -> bytes:
        """The bytes of a directory; cluster 0 is the root of FAT12 and FAT16."""
        volume = self._volume
        if cluster == 0:
            return await self._reader.read(volume.root, volume.root_size)
        most = -(-_DIRECTORY_BYTES // volume.cluster_size)
        places = volume.chain(cluster, most, seen)
        return b"".join([await self._reader.read(at, volume.cluster_size) async for at in places])

    async def _read(self, key: str, entry: _File, offset: int, length: int) -> bytes:
        if entry.runs is None:
            entry.runs = await self._runs(key, entry)
        parts = []
        end = offset + length
        at = 0
        for place, size in entry.runs:
            first, last = max(offset, at), min(end, at + size)
            if first < last:
                parts.append(await self._reader.read(place + first - at, last - first))
            at += size
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _runs(self, key: str, entry: _File) -> list[tuple[int, int]]:
        """Where the bytes of a file lie; neighbouring clusters are one run."""
        size = self._volume.cluster_size
        wanted = -(-entry.size // size)
        runs: list[tuple[int, int]] = []
        left = entry.size
        seen = self._volume.unseen()
        async for place in self._volume.chain(entry.cluster, wanted, seen):
            length = min(left, size)
            left -= length
            if runs and sum(runs[-1]) == place:
                runs[-1] = (runs[-1][0], runs[-1][1] + length)
            else:
                runs.append((place, length))
        if left:
            raise Damaged(f"the FAT volume is damaged: {key!r} lacks its last {left} bytes")
        return runs
