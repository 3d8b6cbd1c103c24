"""What all stores share that keep their keys in memory and read values when asked to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from libos.storage.tree import Tree

if TYPE_CHECKING:
    from libos.signatures.kv_ro import Kind

_HASHED_AT_ONCE = 1 << 20


class Entry:
    """What the index knows of a value: its size in bytes, and its digest once it was asked for."""

    __slots__ = ("sha256", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.sha256 = ""


E = TypeVar("E", bound=Entry)


class Indexed(Generic[E]):
    """A `libos.signatures.kv_ro.KvRo`, for classes that define `_read`."""

    __slots__ = ("_tree",)

    def __init__(self) -> None:
        self._tree: Tree[E] = Tree()

    async def _read(self, key: str, entry: E, offset: int, length: int) -> bytes:
        """`_read(key, entry, offset, length)` is that part of a value, which is all there."""
        raise NotImplementedError

    async def get(self, key: str) -> bytes:
        """`get(key)` is the whole value."""
        entry = self._tree.value(key)
        return await self._read(key, entry, 0, entry.size)

    async def get_partial(self, key: str, offset: int, length: int) -> bytes:
        """`get_partial(key, offset, length)` is at most `length` bytes from `offset` on."""
        check_part(offset, length)
        entry = self._tree.value(key)
        length = min(length, entry.size - offset)
        return await self._read(key, entry, offset, length) if length > 0 else b""

    async def size(self, key: str) -> int:
        """`size(key)` is the length of the value in bytes."""
        return self._tree.value(key).size

    async def list(self, prefix: str) -> tuple[tuple[str, Kind], ...]:
        """`list(prefix)` is the name and kind of what lies directly below, sorted by name."""
        return self._tree.list(prefix)

    async def exists(self, key: str) -> Kind | None:
        """`exists(key)` is what the key names; `None` if it names nothing."""
        return self._tree.kind(key)

    async def digest(self, key: str) -> str:
        """`digest(key)` is the SHA-256 of the value in hexadecimal, computed once."""
        entry = self._tree.value(key)
        if not entry.sha256:
            from hashlib import sha256

            hasher = sha256()
            for offset in range(0, entry.size, _HASHED_AT_ONCE):
                length = min(_HASHED_AT_ONCE, entry.size - offset)
                hasher.update(await self._read(key, entry, offset, length))
                await asyncio.sleep(0)
            entry.sha256 = hasher.hexdigest()
        return entry.sha256


def check_part(offset: int, length: int) -> None:
    """Raise `ValueError` if either number is negative."""
    if offset < 0 or length < 0:
        raise ValueError(f"bytes from {offset}, {length} of them: neither may be negative")
