"""A store that can be changed, shown as one that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libos.signatures.kv_ro import Kind, KvRo


class ReadOnly:
    """`ReadOnly(store)` is the values of another store, which may change under it, as a `KvRo`."""

    __slots__ = ("_store",)

    def __init__(self, store: KvRo) -> None:
        self._store = store

    async def get(self, key: str) -> bytes:
        """`get(key)` is the whole value."""
        return await self._store.get(key)

    async def get_partial(self, key: str, offset: int, length: int) -> bytes:
        """`get_partial(key, offset, length)` is at most `length` bytes from `offset` on."""
        return await self._store.get_partial(key, offset, length)

    async def size(self, key: str) -> int:
        """`size(key)` is the length of the value in bytes."""
        return await self._store.size(key)

    async def list(self, prefix: str) -> tuple[tuple[str, Kind], ...]:
        """`list(prefix)` is the name and kind of what lies directly below, sorted by name."""
        return await self._store.list(prefix)

    async def exists(self, key: str) -> Kind | None:
        """`exists(key)` is what the key names; `None` if it names nothing."""
        return await self._store.exists(key)

    async def digest(self, key: str) -> str:
        """`digest(key)` is text that changes whenever the value under `key` does."""
        return await self._store.digest(key)
