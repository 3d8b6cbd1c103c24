"""A key-value store in memory, which is gone when the program ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.storage.changes import NotedBatch, Remove, Rename, Set, apply, outcome
from libos.storage.indexed import Entry, Indexed

if TYPE_CHECKING:
    from libos.storage.changes import Change


class _Value(Entry):
    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        super().__init__(len(value))
        self.value = value


class MemoryStore(Indexed[_Value]):
    """`MemoryStore()` is an empty `libos.signatures.kv_rw.KvRw`. Nothing in it is durable."""

    __slots__ = ()

    async def set(self, key: str, value: bytes) -> None:
        """`key` names `value` from now on."""
        await self._commit([Set(key, value)])

    async def set_partial(self, key: str, offset: int, data: bytes) -> None:
        """Write `data` into the value from byte `offset` on."""
        change = Set(key, data)
        net = outcome(self._tree, [change], _Value)
        before = self._tree.value(key).value if self._tree.kind(key) else b""
        check_offset(key, offset, len(before))
        net[key] = _Value(before[:offset] + change.value + before[offset + len(data) :])
        apply(self._tree, net)

    async def remove(self, key: str) -> None:
        """`key` names nothing from now on."""
        await self._commit([Remove(key)])

    async def rename(self, source: str, destination: str) -> None:
        """`destination` names from now on what `source` did."""
        await self._commit([Rename(source, destination)])

    def batch(self) -> NotedBatch:
        """`async with store.batch() as batch:` makes what is noted in `batch` one change."""
        return NotedBatch(self._commit)

    async def flush(self) -> None:
        """Memory has nowhere to flush to."""

    async def _commit(self, noted: list[Change]) -> None:
        apply(self._tree, outcome(self._tree, noted, _Value))

    async def _read(self, _key: str, entry: _Value, offset: int, length: int) -> bytes:
        return entry.value[offset : offset + length]


def check_offset(key: str, offset: int, size: int) -> None:
    """Raise `ValueError` unless a write may begin at `offset` of a value of `size` bytes."""
    if not 0 <= offset <= size:
        raise ValueError(f"byte {offset} of {key!r}, which has {size}: a value has no gaps")
