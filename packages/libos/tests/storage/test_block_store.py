"""A store on a block device."""

from __future__ import annotations

import pytest

from libos.storage.block.ram import RamBlock
from libos.storage.block_store import BlockStore

from .kv_ro_conformance import run
from .kv_rw_conformance import KvRwConformance


def started(block: RamBlock, **options: bool) -> BlockStore:
    store = BlockStore(block, **options)
    run(store.start())
    return store


class TestBlockStore(KvRwConformance):
    """A `BlockStore` is a read-write store like any other."""

    @pytest.fixture(params=[512, 4096])
    def empty(self, request: pytest.FixtureRequest) -> BlockStore:
        return started(RamBlock(4 << 20, sector_size=request.param))
