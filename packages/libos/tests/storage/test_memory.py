"""A store in memory."""

from __future__ import annotations

import pytest

from libos.storage.memory import MemoryStore
from libos.storage.read_only import ReadOnly

from .kv_ro_conformance import CONTENT, KvRoConformance, run
from .kv_rw_conformance import KvRwConformance, fill


class TestMemoryStore(KvRwConformance):
    """A `MemoryStore` is a read-write store like any other."""

    @pytest.fixture
    def empty(self) -> MemoryStore:
        return MemoryStore()


class TestReadOnly(KvRoConformance):
    """A `ReadOnly` store is a read-only store like any other."""

    @pytest.fixture
    def store(self) -> ReadOnly:
        store = MemoryStore()
        run(fill(store, CONTENT))
        return ReadOnly(store)


def test_read_only_has_nothing_that_changes() -> None:
    store = ReadOnly(MemoryStore())
    for method in ("set", "set_partial", "remove", "rename", "batch", "flush"):
        assert not hasattr(store, method)
