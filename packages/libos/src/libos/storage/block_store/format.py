"""The bytes of a block store; docs/storage-format.md. Numbers are little-endian."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING
from zlib import crc32

from libos.signatures.kv_ro import InvalidKey, segments
from libos.storage.error import Damaged, Unrecognised
from libos.storage.indexed import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Extent = tuple[int, int, int]

MAGIC = b"libos-kv"
VERSION = 1
SUPERBLOCKS = 2
"""Sectors 0 and 1 hold one each; all others are given out."""

_HEAD = struct.Struct("<8sI")
_SUPERBLOCK = struct.Struct("<IIQQQQI")
_PART_HEAD = struct.Struct("<4sI")
_CHUNK = struct.Struct("<QQII")
_GROUP = struct.Struct("<QII")
_RECORD = struct.Struct("<BxHIQ")
_EXTENT = struct.Struct("<QHI")
EXTENT_BYTES = _EXTENT.size
_RUN = struct.Struct("<QI")
_COUNT = struct.Struct("<Q")

_SUPERBLOCK_BYTES = 512
_CHUNK_BYTES = _PART_HEAD.size + _CHUNK.size
_GROUP_BYTES = _PART_HEAD.size + _GROUP.size
_CHUNK_MAGIC = b"KVix"
_GROUP_MAGIC = b"KVlg"
_PUT = 1
_REMOVE = 2


class Stored(Entry):
    """A value on the device: its extents, each a first sector, a number of sectors and a CRC-32.

    The bytes fill the sectors in order, with zeros behind the last.
    """

    __slots__ = ("extents",)

    def __init__(self, size: int, extents: tuple[Extent, ...]) -> None:
        super().__init__(size)
        self.extents = extents


class Superblock:
    """Where the index of a generation begins, and the random number that marks all its parts."""

    __slots__ = ("count", "generation", "salt", "sector_size", "sectors", "start")

    def __init__(
        self, sector_size: int, sectors: int, generation: int, salt: int, start: int, count: int
    ) -> None:
        self.sector_size = sector_size
        self.sectors = sectors
        self.generation = generation
        self.salt = salt
        self.start = start
        self.count = count

    def packed(self) -> bytes:
        """`packed()` is its sector."""
        place = (self.generation, self.salt, self.start, self.count)
        body = _SUPERBLOCK.pack(VERSION, self.sector_size, self.sectors, *place)
        body = body.ljust(_SUPERBLOCK_BYTES - _HEAD.size, b"\0")
        return (_HEAD.pack(MAGIC, crc32(body)) + body).ljust(self.sector_size, b"\0")


def superblock(sector: bytes) -> Superblock | None:
    """`superblock(sector)` is what the sector says, `None` if it is not a whole superblock.

    Raises `Unrecognised` if it is one of another version.
    """
    magic, checksum = _HEAD.unpack_from(sector)
    if magic != MAGIC or crc32(sector[_HEAD.size : _SUPERBLOCK_BYTES]) != checksum:
        return None
    version, *numbers = _SUPERBLOCK.unpack_from(sector, _HEAD.size)
    if version != VERSION:
        raise Unrecognised(
            f"the store has format {version}, and this program knows format {VERSION} only"
        )
    return Superblock(*numbers)


def chunk_room(sectors: int, sector_size: int) -> int:
    """`chunk_room(n, size)` is how many bytes of the index fit into a chunk of `n` sectors."""
    return sectors * sector_size - _CHUNK_BYTES


def chunk(payload: bytes, salt: int, following: tuple[int, int], size: int) -> bytes:
    """`chunk(payload, salt, run, size)` is `size` bytes, a chunk that the one in `run` follows.

    The run (0, 0) stands for none.
    """
    body = _CHUNK.pack(salt, *following, len(payload)) + payload
    return (_PART_HEAD.pack(_CHUNK_MAGIC, crc32(body)) + body).ljust(size, b"\0")


def read_chunk(data: bytes, salt: int) -> tuple[bytes, tuple[int, int]] | None:
    """`read_chunk(data, salt)` is a chunk's payload and the run that follows, if it is whole."""
    magic, checksum = _PART_HEAD.unpack_from(data)
    found, start, count, length = _CHUNK.unpack_from(data, _PART_HEAD.size)
    end = _CHUNK_BYTES + length
    if magic != _CHUNK_MAGIC or found != salt or end > len(data):
        return None
    if crc32(data[_PART_HEAD.size : end]) != checksum:
        return None
    return data[_CHUNK_BYTES:end], (start, count)


def group_sectors(length: int, sector_size: int) -> int:
    """`group_sectors(n, size)` is how many sectors a group of `n` bytes takes."""
    return -(-(_GROUP_BYTES + length) // sector_size)


def group(payload: bytes, salt: int, sequence: int, sector_size: int) -> bytes:
    """`group(payload, salt, n, size)` is the sectors of the log's group number `n`."""
    body = _GROUP.pack(salt, sequence, len(payload)) + payload
    size = group_sectors(len(payload), sector_size) * sector_size
    return (_PART_HEAD.pack(_GROUP_MAGIC, crc32(body)) + body).ljust(size, b"\0")


def group_number(log: bytes, at: int, salt: int) -> int:
    """`group_number(log, at, salt)` is the number of the group that begins there, -1 if none.

    Whether the group is whole is not said.
    """
    found, sequence, _ = _GROUP.unpack_from(log, at + _PART_HEAD.size)
    begun = found == salt and log.startswith(_GROUP_MAGIC, at)
    return sequence if begun else -1


def read_group(log: bytes, at: int) -> bytes | None:
    """`read_group(log, at)` is what the group there holds, `None` if it is not whole."""
    _, checksum = _PART_HEAD.unpack_from(log, at)
    _, _, length = _GROUP.unpack_from(log, at + _PART_HEAD.size)
    end = at + _GROUP_BYTES + length
    if end > len(log) or crc32(log[at + _PART_HEAD.size : end]) != checksum:
        return None
    return log[at + _GROUP_BYTES : end]


def packed_runs(runs: list[tuple[int, int]]) -> bytes:
    """`packed_runs(runs)` is a list of runs as bytes."""
    return _COUNT.pack(len(runs)) + b"".join(_RUN.pack(*run) for run in runs)


def read_runs(data: bytes) -> tuple[list[tuple[int, int]], int]:
    """`read_runs(data)` is the runs that the bytes begin with, and where the rest begins."""
    count = _COUNT.unpack_from(data)[0] if len(data) >= _COUNT.size else len(data)
    end = _COUNT.size + count * _RUN.size
    if end > len(data):
        raise Damaged("the store's index ends within the places of its log")
    return [(start, sectors) for start, sectors in _RUN.iter_unpack(data[_COUNT.size : end])], end


def record_size(key: str, entry: Stored | None) -> int:
    """`record_size(key, entry)` is the bytes that `records` makes of them."""
    extents = len(entry.extents) if entry is not None else 0
    return _RECORD.size + len(key.encode()) + extents * _EXTENT.size


def records(items: Iterable[tuple[str, Stored | None]]) -> Iterator[bytes]:
    """`records(items)` is one record for each: what a key names, or that it names nothing."""
    for key, entry in items:
        name = key.encode()
        if entry is None:
            yield _RECORD.pack(_REMOVE, len(name), 0, 0) + name
            continue
        extents = b"".join([_EXTENT.pack(*extent) for extent in entry.extents])
        yield _RECORD.pack(_PUT, len(name), len(entry.extents), entry.size) + name + extents


def read_records(data: bytes, at: int, sector_size: int) -> Iterator[tuple[str, Stored | None]]:
    """`read_records(data, at, size)` is what `records` was given. Raises `Damaged`."""
    while at < len(data):
        try:
            kind, name_length, extent_count, size = _RECORD.unpack_from(data, at)
            at += _RECORD.size
            key = data[at : at + name_length].decode()
            if not segments(key):
                raise InvalidKey(key)
            at += name_length
            end = at + extent_count * _EXTENT.size
            extents = tuple(_EXTENT.iter_unpack(data[at:end]))
            at = end
        except (struct.error, UnicodeDecodeError, InvalidKey) as error:
            raise Damaged(f"the store's index has a record that is none: {error}") from error
        sectors = sum(extent[1] for extent in extents)
        if kind not in (_PUT, _REMOVE) or end > len(data) or sectors != -(-size // sector_size):
            raise Damaged(f"the store's index says of {key!r} what cannot be")
        yield key, Stored(size, extents) if kind == _PUT else None
