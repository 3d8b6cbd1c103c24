"""A block device in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from libos.signatures.block import Block, BlockError
from libos.storage.block.ram import RamBlock

from .block_conformance import SECTORS, BlockConformance, MakeBlock


@pytest.fixture
def make() -> MakeBlock:
    @asynccontextmanager
    async def block(sector_size: int) -> AsyncIterator[Block]:
        yield RamBlock(SECTORS * sector_size, sector_size=sector_size)

    return block


class TestRamBlock(BlockConformance):
    """A `RamBlock` is a block device like any other."""


def test_it_can_begin_with_content_and_refuse_writes() -> None:
    block = RamBlock(1024, content=b"begin", read_only=True)
    assert asyncio.run(block.read(0)).rstrip(b"\0") == b"begin"
    with pytest.raises(BlockError, match="the disk in memory is read-only"):
        asyncio.run(block.write(0, bytes(512)))


@pytest.mark.parametrize(("size", "sector_size"), [(513, 512), (512, 4096), (-512, 512)])
def test_a_size_of_no_whole_sectors_is_refused(size: int, sector_size: int) -> None:
    with pytest.raises(BlockError, match="no whole sectors"):
        RamBlock(size, sector_size=sector_size)


def test_a_sector_size_that_no_disk_has_is_refused() -> None:
    with pytest.raises(BlockError, match="cannot have sectors of 1000 bytes: use 512 or 4096"):
        RamBlock(1000, sector_size=1000)
