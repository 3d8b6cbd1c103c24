"""What every block device must do: subclass `BlockConformance` and give it a way to make one."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libos.signatures.block import BlockError

if TYPE_CHECKING:
    from libos.signatures.block import Block

SECTORS = 8


class MakeBlock(Protocol):
    """`make(sector_size)` is an empty device of `SECTORS` sectors, open within the context.

    Each call gives a new one, all zeros.
    """

    def __call__(self, sector_size: int) -> AbstractAsyncContextManager[Block]: ...


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["read", "write", "flush"]),
        st.integers(-1, SECTORS + 1),
        st.integers(0, SECTORS + 1),
        st.integers(0, 255),
    ),
    max_size=30,
)


class BlockConformance:
    """A subclass defines the fixture `make`, a `MakeBlock`."""

    @pytest.mark.parametrize("size", [512, 4096])
    def test_it_begins_with_zeros(self, make: MakeBlock, size: int) -> None:
        async def main() -> None:
            async with make(size) as block:
                assert (block.sector_size, block.sectors, block.read_only) == (size, SECTORS, False)
                assert await block.read(0, SECTORS) == bytes(SECTORS * size)

        asyncio.run(main())

    def test_what_is_written_is_read(self, make: MakeBlock) -> None:
        async def main() -> None:
            async with make(512) as block:
                await block.write(2, b"a" * 512 + b"b" * 512)
                await block.write(3, b"c" * 512)
                await block.flush()
                assert await block.read(1, 4) == bytes(512) + b"a" * 512 + b"c" * 512 + bytes(512)
                assert await block.read(3) == b"c" * 512

        asyncio.run(main())

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_any_bytes_are_written(self, make: MakeBlock, kind: type[bytes]) -> None:
        async def main() -> None:
            async with make(512) as block:
                await block.write(0, kind(b"k" * 512))
                found = await block.read(0)
                assert (type(found), found) == (bytes, b"k" * 512)

        asyncio.run(main())

    def test_no_sectors_are_none(self, make: MakeBlock) -> None:
        async def main() -> None:
            async with make(512) as block:
                assert await block.read(SECTORS, 0) == b""
                await block.write(SECTORS, b"")

        asyncio.run(main())

    @pytest.mark.parametrize(
        ("sector", "count"), [(-1, 1), (SECTORS, 1), (0, SECTORS + 1), (0, -1), (2**70, 1)]
    )
    def test_sectors_that_are_not_there(self, make: MakeBlock, sector: int, count: int) -> None:
        async def main() -> None:
            async with make(512) as block:
                with pytest.raises(BlockError, match="not all there"):
                    await block.read(sector, count)
                if count > 0:
                    with pytest.raises(BlockError, match="not all there"):
                        await block.write(sector, b"x" * 512 * count)
                assert await block.read(0, SECTORS) == bytes(SECTORS * 512)

        asyncio.run(main())

    @pytest.mark.parametrize("length", [1, 511, 513, 4095])
    def test_parts_of_sectors_are_refused(self, make: MakeBlock, length: int) -> None:
        async def main() -> None:
            async with make(512) as block:
                with pytest.raises(BlockError, match="whole sectors of 512"):
                    await block.write(0, b"x" * length)
                assert await block.read(0, SECTORS) == bytes(SECTORS * 512)

        asyncio.run(main())

    def test_writers_and_readers_at_once(self, make: MakeBlock) -> None:
        async def main() -> None:
            async with make(512) as block:

                async def rewrite(sector: int) -> None:
                    for value in range(20):
                        await block.write(sector, bytes([value]) * 512)
                        found = await block.read(sector)
                        assert found == bytes([value]) * 512
                        if value % 7 == 0:
                            await block.flush()

                await asyncio.gather(*map(rewrite, range(SECTORS)))

        asyncio.run(main())

    def test_it_behaves_like_a_string_of_bytes(self, make: MakeBlock) -> None:
        @settings(max_examples=40, deadline=None)
        @given(operations=OPERATIONS)
        def check(operations: list[tuple[str, int, int, int]]) -> None:
            asyncio.run(_compare(make, operations))

        check()


async def _compare(make: MakeBlock, operations: list[tuple[str, int, int, int]]) -> None:
    model = bytearray(SECTORS * 512)
    async with make(512) as block:
        for operation, sector, count, value in operations:
            there = sector >= 0 and sector + count <= SECTORS
            first, last = sector * 512, (sector + count) * 512
            if operation == "flush":
                await block.flush()
            elif not there:
                with pytest.raises(BlockError):
                    await block.read(sector, count)
            elif operation == "read":
                assert await block.read(sector, count) == model[first:last]
            else:
                model[first:last] = data = bytes([value]) * 512 * count
                await block.write(sector, data)
        assert await block.read(0, SECTORS) == model
