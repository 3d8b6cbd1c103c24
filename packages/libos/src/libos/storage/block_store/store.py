"""The key-value store on a block device."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from zlib import crc32

from libos.signatures.kv_rw import NoSpace
from libos.storage.block_store import volume
from libos.storage.block_store.blank import check_blank
from libos.storage.block_store.finish import finish
from libos.storage.block_store.format import (
    EXTENT_BYTES,
    SUPERBLOCKS,
    Stored,
    record_size,
    records,
)
from libos.storage.block_store.log import LEAST_SECTORS
from libos.storage.block_store.space import Space
from libos.storage.block_store.values import Unwritten, bounds, patched, touched, write
from libos.storage.changes import Changing, Set, apply, outcome
from libos.storage.error import Damaged
from libos.storage.indexed import Indexed
from libos.storage.memory import check_offset

if TYPE_CHECKING:
    from libos.signatures.block import Block
    from libos.storage.block_store.format import Extent
    from libos.storage.changes import Change

LEAST_DEVICE = 64
"""In sectors."""

_LOG_SECTORS = 128
_INDEX_BYTES = 8 + 12 * LEAST_SECTORS


class BlockStore(Changing, Indexed[Stored]):
    """`BlockStore(block)` is a `libos.signatures.kv_rw.KvRw` on a block device.

    After a crash it is what it was at the last `flush`, or at one that was under way: all that
    was changed after it is lost together. Keys are held in memory, values are read on demand
    and checked against their checksums: `Damaged` is raised rather than wrong bytes returned.
    When it is full, values can still be removed. A value that replaces another needs room
    beside it.

    A device of zeros becomes an empty store. One that holds anything else is refused, unless
    `format` is true: then what it holds is given up. A device that holds a store is never
    formatted, not even a damaged one.
    """

    __slots__ = (
        "_block",
        "_changed",
        "_closed",
        "_format",
        "_fresh",
        "_index_bytes",
        "_live",
        "_lock",
        "_pending",
        "_readers",
        "_space",
        "_volume",
    )

    def __init__(self, block: Block, *, format: bool = False) -> None:  # noqa: A002 - what it does
        super().__init__()
        self._block = block
        self._format = format
        self._lock = asyncio.Lock()
        self._closed = "it has not been started"
        self._space = Space(0, 0)
        self._volume: volume.Volume
        # What differs from the medium since the last flush, by key.
        self._changed: dict[str, Stored | None] = {}
        # Extents that no value has any more, which the medium may still lead to.
        self._pending: list[Extent] = []
        # First sectors of extents that were taken since the last flush.
        self._fresh: set[int] = set()
        # How many reads of an extent are under way, by its first sector.
        self._readers: dict[int, int] = {}
        self._live = 0
        self._index_bytes = 0

    async def start(self) -> None:
        """Read the keys, having formatted a device of zeros.

        Raises `Unrecognised` if the device holds something else, and `Damaged`.
        """
        block = self._block
        if block.sectors < LEAST_DEVICE:
            least = LEAST_DEVICE * block.sector_size
            raise OSError(f"the disk is too small for a store: it needs {least} bytes or more")
        head = await volume.find(block)
        if head is None:
            if not self._format:
                await check_blank(block)
            head = await volume.make(block)
        self._volume, self._tree, self._space = await volume.load(block, head)
        for key, entry in self._tree.items():
            self._index_bytes += record_size(key, entry)
            self._live += _sectors(entry)
        self._closed = "its disk is read-only" if block.read_only else ""

    async def stop(self) -> None:
        """Flush, and leave the index so that the next start has no log to read."""
        if self._closed:
            return
        async with self._lock:
            await finish(self._flush())
            if self._volume.log.number:
                await finish(self._write_index())
            self._closed = "it has been stopped"
            await finish(self._block.flush())

    async def set_partial(self, key: str, offset: int, data: bytes) -> None:
        """Write `data` into the value from byte `offset` on.

        Only the extents that it touches are written anew, which have 64 KiB at most.
        """
        change = Set(key, data)
        async with self._lock:
            self._check()
            net = outcome(self._tree, [change], Unwritten)
            if self._tree.kind(key) == "value":
                entry = self._tree.value(key)
                check_offset(key, offset, entry.size)
                first, last = bounds(entry, offset, len(data), self._block.sector_size)
                old = await self._read(key, entry, first, last - first)
                net[key] = patched(entry, first, old, offset, data, self._block.sector_size)
            else:
                check_offset(key, offset, 0)
            await self._change(net)

    async def flush(self) -> None:
        """When `flush()` has returned, all that was changed before is on the medium."""
        async with self._lock:
            self._check()
            await finish(self._flush())

    def _check(self) -> None:
        if self._closed:
            raise OSError(f"the store cannot be changed: {self._closed}")

    async def _read(self, key: str, entry: Stored, offset: int, length: int) -> bytes:
        extents, first = touched(entry, offset, length, self._block.sector_size)
        parts = []
        for start, _, _ in extents:
            self._readers[start] = self._readers.get(start, 0) + 1
        try:
            for start, count, checksum in extents:
                data = await self._block.read(start, count)
                if crc32(data) != checksum:
                    raise Damaged(
                        f"the value of {key!r} is damaged: {count} sectors from {start} on "
                        "do not hold what was written"
                    )
                parts.append(data)
        finally:
            for start, _, _ in extents:
                self._readers[start] -= 1
                if not self._readers[start]:
                    del self._readers[start]
        whole = parts[0] if len(parts) == 1 else b"".join(parts)
        return whole[offset - first : offset - first + length]

    async def _commit(self, noted: list[Change]) -> None:
        async with self._lock:
            self._check()
            await self._change(outcome(self._tree, noted, Unwritten))

    async def _change(self, net: dict[str, Stored | None]) -> None:
        """Write the values that are new, and make the changes in the index."""
        await self._make_room(net)
        taken: list[tuple[int, int]] = []
        try:
            for key, entry in net.items():
                if isinstance(entry, Unwritten):
                    net[key] = await write(self._block, self._space, entry, taken)
        except BaseException:
            for run in taken:
                self._space.give(run)
            raise
        self._fresh.update(start for start, _ in taken)
        self._replace(apply(self._tree, net), net)

    def _replace(self, gone: dict[str, Stored], net: dict[str, Stored | None]) -> None:
        """Account for entries that went and came, and give back what only the former had."""
        came = {extent for entry in net.values() if entry for extent in entry.extents}
        for key, entry in gone.items():
            self._index_bytes -= record_size(key, entry)
            self._live -= _sectors(entry)
            for extent in entry.extents:
                if extent in came:
                    continue
                if extent[0] in self._fresh and extent[0] not in self._readers:
                    self._fresh.remove(extent[0])
                    self._space.give(extent[:2])
                else:
                    self._pending.append(extent)
        for key, new in net.items():
            if new is not None:
                self._index_bytes += record_size(key, new)
                self._live += _sectors(new)
        self._changed.update(net)

    async def _make_room(self, net: dict[str, Stored | None]) -> None:
        """Raise `NoSpace` unless there is room for new values and for the index with them."""
        wanted = grown = 0
        name = ""
        for key, entry in net.items():
            before = self._tree.find(key)
            grown -= record_size(key, before) if isinstance(before, Stored) else 0
            if entry is not None:
                grown += record_size(key, entry)
                name = key
            if isinstance(entry, Unwritten):
                sectors = entry.sectors(self._block.sector_size)
                wanted += sectors
                grown += (len(entry.before) + sectors + len(entry.after)) * EXTENT_BYTES
        if not wanted and grown <= 0:
            return
        # The index can be written beside the old one at any time, so that whatever is stored
        # can be flushed, and something can be removed from a store that is full.
        reserve = self._index_sectors(max(grown, 0)) + LEAST_SECTORS
        total = self._block.sectors - SUPERBLOCKS
        if self._live + wanted + 2 * reserve > total:
            raise NoSpace(name)
        if self._space.free < wanted + reserve:
            await finish(self._flush())
        if self._space.free < wanted + reserve:
            await finish(self._write_index(wanted))
        if self._space.free < wanted + reserve:
            raise NoSpace(name)

    def _index_sectors(self, grown: int) -> int:
        length = self._index_bytes + grown + _INDEX_BYTES
        return volume.index_sectors(length, self._block.sector_size)

    async def _flush(self) -> None:
        if not self._changed:
            self._release()
            return
        items = sorted(self._changed.items(), key=lambda item: item[1] is not None)
        payload = b"".join(records(items))
        log = self._volume.log
        if not log.has_room(len(payload), self._block.sector_size):
            await self._write_index()
            return
        await log.write(self._block, payload)
        await self._sync()
        await log.close(self._block, len(payload))
        self._flushed()

    async def _sync(self) -> None:
        """Flush the device. After one that failed, nobody knows what is on the medium."""
        try:
            await self._block.flush()
        except BaseException as error:
            self._closed = f"its disk failed to flush: {error}"
            raise

    async def _write_index(self, wanted: int = 0) -> None:
        """Write the whole index; there are to be `wanted` free sectors afterwards, if possible."""
        index = self._index_sectors(0)
        spare = self._space.free - 2 * (index + LEAST_SECTORS) - wanted
        log_sectors = max(LEAST_SECTORS, min(max(_LOG_SECTORS, index), spare // 4))
        old = self._volume
        try:
            self._volume = await volume.write_index(
                self._block, self._space, self._tree, old.head, log_sectors
            )
        except BaseException as error:
            self._closed = f"its disk failed: {error}"
            raise
        for run in old.runs:
            self._space.give(run)
        self._flushed()

    def _flushed(self) -> None:
        self._changed.clear()
        self._fresh.clear()
        self._release()

    def _release(self) -> None:
        """Give back the extents that are no longer needed and that nobody is reading."""
        pending, self._pending = self._pending, []
        for extent in pending:
            if extent[0] in self._readers:
                self._pending.append(extent)
            else:
                self._space.give(extent[:2])


def _sectors(entry: Stored) -> int:
    return sum(extent[1] for extent in entry.extents)
