"""A block store as it is found on a device, and how its index gets there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from zlib import crc32

from libos.storage.block_store.format import (
    MAGIC,
    SUPERBLOCKS,
    Stored,
    Superblock,
    chunk,
    chunk_room,
    packed_runs,
    read_chunk,
    read_records,
    read_runs,
    records,
    superblock,
)
from libos.storage.block_store.log import Log
from libos.storage.block_store.space import RUN_SECTORS, Space
from libos.storage.error import Damaged, Unrecognised
from libos.storage.tree import Tree

if TYPE_CHECKING:
    from libos.signatures.block import Block

    Runs = list[tuple[int, int]]


class Volume:
    """What is on the device: the newest superblock, the index that it leads to, and the log."""

    __slots__ = ("head", "index", "log")

    def __init__(self, head: Superblock, index: Runs, log: Log) -> None:
        self.head = head
        self.index = index
        self.log = log

    @property
    def runs(self) -> Runs:
        """`runs` is where index and log lie."""
        return [*self.index, *self.log.runs]


async def find(block: Block) -> Superblock | None:
    """`find(block)` is the newest superblock, `None` if the device has none.

    If the two differ, they are made the same. Raises `Unrecognised` if it is of another version
    or another sector size, and `Damaged` if there were superblocks or more sectors once.
    """
    size = block.sector_size
    sectors = await block.read(0, min(SUPERBLOCKS, block.sectors))
    both = [sectors[at : at + size] for at in range(0, len(sectors), size)]
    heads = [superblock(sector) for sector in both]
    newest = max((head for head in heads if head), key=lambda head: head.generation, default=None)
    if newest is None:
        if any(sector.startswith(MAGIC) for sector in both):
            raise Damaged("both superblocks of the store are damaged")
        return None
    if newest.sector_size != size:
        raise Unrecognised(
            f"the store was made with sectors of {newest.sector_size} bytes, "
            f"and the device has sectors of {size}"
        )
    if newest.sectors > block.sectors:
        raise Damaged(
            f"the store was made for {newest.sectors} sectors, and the device has {block.sectors}"
        )
    if not block.read_only and both[0] != both[1]:
        # Before anything is written over what only the older one leads to.
        for number, head in enumerate(heads):
            if head is not newest:
                await block.write(number, newest.packed())
        await block.flush()
    return newest


async def make(block: Block) -> Superblock:
    """`make(block)` is the superblock of an empty store, which the device now is."""
    head = Superblock(block.sector_size, block.sectors, 1, 0, 0, 0)
    for number in range(SUPERBLOCKS):
        await block.write(number, head.packed())
    await block.flush()
    return head


async def load(block: Block, head: Superblock) -> tuple[Volume, Tree[Stored], Space]:
    """`load(block, head)` is the volume, its keys, and the sectors that nothing lies in.

    Raises `Damaged`.
    """
    index, data = await _read_index(block, head)
    runs, at = read_runs(data) if index else ([], 0)
    volume = Volume(head, index, Log(runs, head.salt))
    tree: Tree[Stored] = Tree()
    try:
        space = Space.without(SUPERBLOCKS, block.sectors, volume.runs)
        _replay(tree, data, at, block.sector_size)
        await _replay_log(block, volume.log, tree)
        used = [extent[:2] for _, entry in tree.items() for extent in entry.extents]
        space = Space.without(SUPERBLOCKS, block.sectors, [*volume.runs, *used])
    except ValueError as error:
        raise Damaged(f"the store's index is damaged: {error}") from error
    return volume, tree, space


async def _read_index(block: Block, head: Superblock) -> tuple[Runs, bytes]:
    index: Runs = []
    payloads = []
    following = (head.start, head.count)
    left = block.sectors
    while following != (0, 0):
        start, count = following
        left -= count
        outside = start < SUPERBLOCKS or start + count > block.sectors
        if outside or not 0 < count <= RUN_SECTORS or left < 0:
            raise Damaged(f"the store's index is damaged: it goes on at sector {start}")
        read = read_chunk(await block.read(start, count), head.salt)
        if read is None:
            raise Damaged(f"the store's index is damaged at sector {start}")
        index.append(following)
        payload, following = read
        payloads.append(payload)
    return index, b"".join(payloads)


def _replay(tree: Tree[Stored], data: bytes, at: int, sector_size: int) -> None:
    from libos.signatures.kv_ro import StoreError

    for key, entry in read_records(data, at, sector_size):
        try:
            if entry is not None:
                tree.put(key, entry)
            elif tree.kind(key) == "value":
                tree.take(key)
        except StoreError as error:
            raise Damaged(f"the store's index contradicts itself: {error}") from error


async def _replay_log(block: Block, log: Log, tree: Tree[Stored]) -> None:
    """Make the changes of the log, without the last group if not all of it was written."""
    payloads, flushed = await log.read(block)
    if payloads and not flushed:
        if not await _is_whole(block, payloads[-1]):
            log.unread(len(payloads.pop()), block.sector_size)
        elif not block.read_only:
            # It may be in a cache yet, where a program that ended has left it.
            await block.flush()
            await log.mark(block)
    for payload in payloads:
        _replay(tree, payload, 0, block.sector_size)


async def _is_whole(block: Block, payload: bytes) -> bool:
    """Whether the values of a group had all been written when the machine ended."""
    for _, entry in read_records(payload, 0, block.sector_size):
        for start, count, checksum in entry.extents if entry else ():
            if start + count > block.sectors:
                return False
            if crc32(await block.read(start, count)) != checksum:
                return False
    return True


def index_sectors(length: int, sector_size: int) -> int:
    """`index_sectors(n, size)` is the most sectors that an index of `n` bytes can take."""
    return -(-length // chunk_room(1, sector_size))


async def write_index(
    block: Block, space: Space, tree: Tree[Stored], head: Superblock, log_sectors: int
) -> Volume:
    """`write_index(block, space, tree, head, n)` is the volume that follows the one of `head`.

    It has a log of `n` sectors, and is what the device holds once this has returned. What the
    sectors of the old one hold is of no use then. If it raises an error before the superblock
    is written, `space` is as before.
    """
    salt = int.from_bytes(os.urandom(8), "little")
    log = Log(space.take(log_sectors), salt)
    index: Runs = []
    try:
        data = b"".join([packed_runs(log.runs), *records(tree.items())])
        places = _places(space, len(data), block.sector_size, index)
        for (start, count), following, (first, end) in places:
            size = count * block.sector_size
            await block.write(start, chunk(data[first:end], salt, following, size))
        await block.flush()
    except BaseException:
        for run in (*log.runs, *index):
            space.give(run)
        raise
    head = Superblock(
        block.sector_size, block.sectors, head.generation + 1, salt, index[0][0], index[0][1]
    )
    await block.write(0, head.packed())
    await block.flush()
    await block.write(1, head.packed())
    return Volume(head, index, log)


def _places(
    space: Space, length: int, sector_size: int, index: Runs
) -> list[tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
    """For each chunk its run, the next one's, and which bytes it holds; `index` gets the runs."""
    parts = []
    at = 0
    while at < length:
        run = space.take_run(-(-(length - at - chunk_room(0, sector_size)) // sector_size))
        index.append(run)
        end = min(length, at + chunk_room(run[1], sector_size))
        parts.append((at, end))
        at = end
    return list(zip(index, [*index[1:], (0, 0)], parts, strict=True))
