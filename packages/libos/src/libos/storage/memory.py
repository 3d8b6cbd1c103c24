"""A key-value store in memory, which is gone when the program ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.storage.changes import Changing, Set, apply, outcome
from libos.storage.indexed import Entry, Indexed

if TYPE_CHECKING:
    from libos.storage.changes import Change


class _Value(Entry):
    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        super().__init__(len(value))
        self.value = value


class MemoryStore(Changing, Indexed[_Value]):
    """`MemoryStore()` is an empty `libos.signatures.kv_rw.KvRw`. Nothing in it is durable."""

    __slots__ = ()

    async def set_partial(self, key: str, offset: int, data: bytes) -> None:
        """Write `data` into the value from byte `offset` on."""
        change = Set(key, data)
        net = outcome(self._tree, [change], _Value)
        before = self._tree.value(key).value if self._tree.kind(key) else b""
        check_offset(key, offset, len(before))
        net[key] = _Value(before[:offset] + change.value + before[offset + len(data) :])
        apply(self._tree, net)

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
