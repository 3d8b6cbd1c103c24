"""A file as a block device."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

import pytest

from libos.signatures.block import Block, BlockError
from libos.storage.block.file import FileBlock

from .block_conformance import SECTORS, BlockConformance, MakeBlock


@asynccontextmanager
async def opened(block: FileBlock) -> AsyncIterator[FileBlock]:
    await block.start()
    try:
        yield block
    finally:
        await block.stop()


@pytest.fixture
def make(tmp_path: Path) -> MakeBlock:
    numbers = count()

    @asynccontextmanager
    async def block(sector_size: int) -> AsyncIterator[Block]:
        path = tmp_path / f"{next(numbers)}.img"
        path.write_bytes(bytes(SECTORS * sector_size))
        async with opened(FileBlock(path, sector_size=sector_size)) as file:
            yield file

    return block


class TestFileBlock(BlockConformance):
    """A `FileBlock` is a block device like any other."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data.img"
    path.write_bytes(b"a" * 512 + bytes(1024))
    return path


def refused(block: FileBlock) -> str:
    with pytest.raises(BlockError) as caught:
        asyncio.run(block.start())
    return str(caught.value)


def test_what_was_written_is_in_the_file(path: Path) -> None:
    async def main() -> None:
        async with opened(FileBlock(path)) as block:
            await block.write(1, b"b" * 512)

    asyncio.run(main())
    assert path.read_bytes() == b"a" * 512 + b"b" * 512 + bytes(512)


def test_long_requests_are_done_in_parts_and_leave_time_to_others(tmp_path: Path) -> None:
    path = tmp_path / "long.img"
    path.write_bytes(bytes(1 << 20))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def main() -> None:
        task = asyncio.create_task(others())
        async with opened(FileBlock(path, sector_size=4096)) as block:
            content = os.urandom(1 << 20)
            await block.write(0, content)
            assert await block.read(0, 256) == content
        task.cancel()

    asyncio.run(main())
    assert turns >= 6


def test_a_read_only_device_reads(path: Path) -> None:
    async def main() -> None:
        async with opened(FileBlock(path, read_only=True)) as block:
            assert await block.read(0) == b"a" * 512
            await block.flush()
            with pytest.raises(BlockError, match="is read-only"):
                await block.write(0, bytes(512))

    asyncio.run(main())


def test_a_file_that_is_missing_says_how_to_make_one(tmp_path: Path) -> None:
    text = refused(FileBlock(tmp_path / "none.img"))
    assert "none.img is missing: make it, for example with `truncate -s 64M " in text


def test_a_size_of_no_whole_sectors_is_refused(path: Path) -> None:
    path.write_bytes(bytes(1000))
    assert refused(FileBlock(path)).endswith(
        "has 1000 bytes, which are no whole sectors of 512: give it 1024, or cut it to 512"
    )
    path.write_bytes(bytes(100))
    assert refused(FileBlock(path)).endswith("no whole sectors of 512: give it 512")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "is a directory, and no disk" in refused(FileBlock(tmp_path))
    assert "neither a file nor a disk" in refused(FileBlock("/dev/null"))


def test_a_file_is_used_by_one_at_a_time(path: Path) -> None:
    async def main() -> None:
        async with opened(FileBlock(path)):
            for read_only in (False, True):
                with pytest.raises(BlockError, match="in use by another program or VM"):
                    await FileBlock(path, read_only=read_only).start()
        async with (
            opened(FileBlock(path, read_only=True)) as one,
            opened(FileBlock(path, read_only=True)) as two,
        ):
            assert await one.read(0) == await two.read(0)

    asyncio.run(main())


def test_a_file_that_is_cut_while_in_use_is_an_error(path: Path) -> None:
    async def main() -> None:
        async with opened(FileBlock(path)) as block:
            os.truncate(path, 512)
            with pytest.raises(BlockError, match="was cut while in use"):
                await block.read(1)

    asyncio.run(main())


def test_before_start_and_after_stop_nothing_is_read(path: Path) -> None:
    async def main() -> None:
        block = FileBlock(path)
        with pytest.raises(BlockError, match="not open"):
            await block.read(0)
        async with opened(block):
            assert block.sectors == 3
        with pytest.raises(BlockError, match="not open"):
            await block.flush()
        await block.stop()

    asyncio.run(main())


def test_a_file_that_may_not_be_written(path: Path) -> None:
    path.chmod(0o444)
    with as_nobody(path.parent):
        said = refused(FileBlock(path))
    assert "may not be written: change its mode, or open it read-only" in said


@contextmanager
def as_nobody(directory: Path) -> Iterator[None]:
    """Root may write whatever its mode: for a moment, this thread is nobody's."""
    if os.getuid() != 0:
        yield
        return
    for folder in (directory, *directory.parents):
        if folder.stat().st_mode & 0o111 != 0o111:
            folder.chmod(folder.stat().st_mode | 0o111)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_missing_file_with_a_size_is_made_where_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "disks" / "data.img"

    async def main() -> None:
        for _ in range(2):
            async with opened(FileBlock(path, size=1 << 20, create=True)) as block:
                assert block.sectors == 2048
                await block.write(0, b"kept" * 128)

    asyncio.run(main())
    assert path.stat().st_size == 1 << 20
    assert path.stat().st_blocks < 64
    assert list(path.parent.iterdir()) == [path]
    assert "missing: make it, for example with `truncate -s 1024 " in refused(
        FileBlock(tmp_path / "other.img", size=1024)
    )


def test_a_file_that_is_too_small_is_refused(path: Path) -> None:
    assert "has 1536 bytes, and the program asks for 2048" in refused(FileBlock(path, size=2048))
