"""A read-only key-value store on a tar archive that lies on a block device."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from libos.signatures.kv_ro import StoreError
from libos.storage.error import Damaged, Unrecognised
from libos.storage.indexed import Entry, Indexed
from libos.storage.reader import Reader
from libos.storage.tar_header import BLOCK, Header, header, key_of, pax_records, text

if TYPE_CHECKING:
    from libos.signatures.block import Block
    from libos.storage.tree import Tree

_LONGEST_EXTENSION = 1 << 20
_MOST_MEMBERS = 1 << 18

_REGULAR = (b"0", b"\0", b"7")
_HARD_LINK = b"1"
_DIRECTORY = b"5"
_PAX = b"x"
_PAX_FOR_ALL = b"g"
_GNU_NAME = b"L"
_GNU_LINK = b"K"
_GNU_SPARSE = b"S"
_EXTENSIONS = (_PAX, _PAX_FOR_ALL, _GNU_NAME, _GNU_LINK)
# Other kinds of members have no bytes behind them, whatever their header says of a size.
_WITHOUT_CONTENT = (_HARD_LINK, b"2", b"3", b"4", _DIRECTORY, b"6")


class _Member(Entry):
    __slots__ = ("offset",)

    def __init__(self, offset: int, size: int) -> None:
        super().__init__(size)
        self.offset = offset


class TarStore(Indexed[_Member]):
    """`TarStore(block)` is the files of an uncompressed tar archive as a `KvRo`.

    The archive begins at the device's first byte; what follows its end does not matter. Files
    and hard links to them are values, directories are dictionaries, of two members of one name
    the last counts. Other members (symbolic links, devices) are not seen, nor are names that
    are absolute, lead upwards with `..` or are not UTF-8.
    """

    __slots__ = ("_block", "_reader")

    def __init__(self, block: Block) -> None:
        super().__init__()
        self._block = block
        self._reader: Reader

    async def start(self) -> None:
        """Read the headers, and none of the values.

        Raises `Unrecognised` if the device holds no tar archive, and `Damaged` if it is cut
        short or contradicts itself.
        """
        self._reader = Reader(self._block)
        await _Index(self._reader, self._tree).read()

    async def _read(self, _key: str, entry: _Member, offset: int, length: int) -> bytes:
        return await self._reader.read(entry.offset + offset, length) if length else b""


class _Index:
    """The reading of an archive's headers into a tree."""

    __slots__ = ("_at", "_link", "_name", "_reader", "_size", "_tree")

    def __init__(self, reader: Reader, tree: Tree[_Member]) -> None:
        self._reader = reader
        self._tree = tree
        self._at = 0
        # What extensions say of the member that follows them.
        self._name: bytes | None = None
        self._link: bytes | None = None
        self._size: int | None = None

    async def read(self) -> None:
        for count in range(_MOST_MEMBERS):
            if count % 256 == 255:
                await asyncio.sleep(0)
            block = await self._reader.near(self._at, BLOCK)
            if len(block) < BLOCK:
                raise Damaged(
                    f"the tar archive is cut short: it has no end, and the disk ends at byte "
                    f"{self._reader.size}"
                )
            if not any(block):
                await self._end()
                return
            found = self._header(block)
            self._at += BLOCK
            await self._member(found)
            if count + self._tree.made > _MOST_MEMBERS:
                break
        raise Damaged(f"the tar archive has more than {_MOST_MEMBERS} members")

    async def _end(self) -> None:
        """The end is two blocks of zeros, the second of which may be missing."""
        if any(await self._reader.near(self._at + BLOCK, BLOCK)):
            raise Damaged(f"the tar archive goes on behind a block of zeros at byte {self._at}")

    def _header(self, block: bytes) -> Header:
        try:
            return header(block, self._at)
        except Damaged:
            if self._at:
                raise
        raise Unrecognised("the disk holds no tar archive: make one with `tar -cf`")

    async def _member(self, found: Header) -> None:
        if found.kind in _EXTENSIONS:
            await self._extension(found)
            return
        name = found.name if self._name is None else self._name
        link = found.link if self._link is None else self._link
        size = found.size if self._size is None else self._size
        self._name = self._link = self._size = None
        shown = name.decode(errors="replace")
        if found.kind == _GNU_SPARSE:
            raise _sparse(shown)
        offset = self._at
        self._skip(shown, 0 if found.kind in _WITHOUT_CONTENT else size)
        key = key_of(name)
        if key is None:
            return
        try:
            self._put(key, found.kind, name, _Member(offset, size), link)
        except StoreError as error:
            raise Damaged(f"the tar archive has {shown!r} as a file and as a directory") from error

    def _put(self, key: str, kind: bytes, name: bytes, member: _Member, link: bytes) -> None:
        if kind == _DIRECTORY or (kind in _REGULAR and name.endswith(b"/")):
            self._tree.make(key)
        elif not key:
            return
        elif kind in _REGULAR:
            self._tree.put(key, member)
        elif kind == _HARD_LINK:
            target = key_of(link)
            if target and self._tree.kind(target) == "value":
                self._tree.put(key, self._tree.value(target))

    def _skip(self, name: str, size: int) -> None:
        end = self._at + size
        if end > self._reader.size:
            raise Damaged(
                f"the tar archive is cut short: {name!r} ends at byte {end}, "
                f"and the disk at byte {self._reader.size}"
            )
        self._at = end + -end % BLOCK

    async def _extension(self, found: Header) -> None:
        if found.size > _LONGEST_EXTENSION:
            raise Damaged(
                f"the tar archive's extended header at byte {self._at - BLOCK} has {found.size} "
                f"bytes, more than {_LONGEST_EXTENSION}"
            )
        offset = self._at
        self._skip("an extended header", found.size)
        if found.kind == _PAX_FOR_ALL:  # comments and times: nothing that concerns a key
            return
        data = await self._reader.near(offset, found.size)
        if found.kind == _GNU_NAME:
            self._name = text(data)
        elif found.kind == _GNU_LINK:
            self._link = text(data)
        else:
            self._pax(data, offset)

    def _pax(self, data: bytes, offset: int) -> None:
        records = pax_records(data, offset)
        if any(keyword.startswith(b"GNU.sparse.") for keyword in records):
            raise _sparse(records.get(b"GNU.sparse.name", b"a file").decode(errors="replace"))
        self._name = records.get(b"path", self._name)
        self._link = records.get(b"linkpath", self._link)
        if b"size" in records:
            digits = records[b"size"]
            if not digits.isdigit() or len(digits) > 20:
                raise Damaged(f"the tar archive's pax header at byte {offset} has no good size")
            self._size = int(digits)


def _sparse(name: str) -> Damaged:
    return Damaged(
        f"the tar archive holds {name!r} as a sparse file, which is not supported: make it "
        "without `--sparse`"
    )
