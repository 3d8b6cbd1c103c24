"""Encrypted block devices: what they hide, what they notice, and what a crash leaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import XTS
from hypothesis import given, settings
from hypothesis import strategies as st

from libos.signatures.block import Block, BlockError
from libos.signatures.kv_ro import KvRo, NotFound
from libos.storage.block.gcm import GcmBlock
from libos.storage.block.gcm_layout import Layout
from libos.storage.block.ram import RamBlock
from libos.storage.block.xts import XtsBlock

from .block_conformance import SECTORS, BlockConformance, MakeBlock
from .faulty_block import Crash, FaultyBlock

KEY = bytes(range(64))
BELOW = 10
"""The sectors that `GcmBlock` needs to have `SECTORS` for data: a header and one of the table."""


class Keys:
    """A store of one key."""

    def __init__(self, key: bytes = KEY) -> None:
        self._key = key

    async def get(self, key: str) -> bytes:
        if key != "disk.key":
            raise NotFound(key)
        return self._key


def keys(key: bytes = KEY) -> KvRo:
    store: Any = Keys(key)
    return store  # type: ignore[no-any-return]


@asynccontextmanager
async def started(block: XtsBlock | GcmBlock) -> AsyncIterator[XtsBlock | GcmBlock]:
    await block.start()
    try:
        yield block
    finally:
        await block.stop()


async def content(below: Block) -> bytes:
    return await below.read(0, below.sectors)


class TestXtsBlock(BlockConformance):
    """An `XtsBlock` is a block device like any other."""

    @pytest.fixture
    def make(self) -> MakeBlock:
        @asynccontextmanager
        async def block(sector_size: int) -> AsyncIterator[Block]:
            below = RamBlock(SECTORS * sector_size, sector_size=sector_size)
            async with started(XtsBlock(below, keys())) as made:
                await made.write(0, bytes(SECTORS * sector_size))
                yield made

        return block


class TestGcmBlock(BlockConformance):
    """A `GcmBlock` is a block device like any other."""

    @pytest.fixture
    def make(self) -> MakeBlock:
        @asynccontextmanager
        async def block(sector_size: int) -> AsyncIterator[Block]:
            below = RamBlock(BELOW * sector_size, sector_size=sector_size)
            async with started(GcmBlock(below, keys())) as made:
                yield made

        return block


@pytest.mark.parametrize("length", [32, 64])
def test_xts_is_the_standards(length: int) -> None:
    """Any other implementation reads it: `cryptsetup --type plain --cipher aes-xts-plain64`."""

    async def main() -> None:
        below = RamBlock(4096)
        key = KEY[:length]
        async with started(XtsBlock(below, keys(key))) as block:
            await block.write(3, b"text" * 128)
        tweak = (3).to_bytes(8, "little") + bytes(8)
        decryptor = Cipher(AES(key), XTS(tweak)).decryptor()
        assert decryptor.update(await below.read(3)) == b"text" * 128

    asyncio.run(main())


@pytest.mark.parametrize("kind", [XtsBlock, GcmBlock])
class TestKeys:
    def refused(self, kind: Callable[..., Any], store: KvRo, name: str = "disk.key") -> str:
        with pytest.raises(BlockError) as caught:
            asyncio.run(kind(RamBlock(8192), store, key_name=name).start())
        return str(caught.value)

    def test_one_that_is_missing(self, kind: Callable[..., Any]) -> None:
        assert self.refused(kind, keys(), "keys/other.key") == (
            "there is no key for the encrypted disk: no such key: 'keys/other.key'; "
            "make it with `head -c 64 /dev/urandom >other.key`"
        )

    @pytest.mark.parametrize("length", [0, 16, 33, 65])
    def test_one_of_another_length(self, kind: Callable[..., Any], length: int) -> None:
        text = self.refused(kind, keys(bytes(length)))
        assert f"has {length} bytes, not 32 or 64" in text

    @pytest.mark.parametrize("length", [32, 64])
    def test_one_of_equal_halves(self, kind: Callable[..., Any], length: int) -> None:
        text = self.refused(kind, keys((b"secret!!" * 4)[: length // 2] * 2))
        assert "consists of two equal halves" in text
        assert "secret" not in text

    def test_nothing_is_read_before_start_and_after_stop(self, kind: Callable[..., Any]) -> None:
        async def main() -> None:
            block = kind(RamBlock(8192), keys())
            async with started(block):
                await block.read(0)
            with pytest.raises(BlockError, match="no key: it is between `start` and `stop`"):
                await block.read(0)

        asyncio.run(main())

    def test_the_medium_has_neither_text_nor_key(self, kind: Callable[..., Any]) -> None:
        async def main() -> None:
            below = RamBlock(BELOW * 512)
            async with started(kind(below, keys())) as block:
                await block.write(0, b"plaintext".ljust(512) * 2)
            found = await content(below)
            assert b"plaintext" not in found
            assert KEY[:8] not in found
            sectors = [found[at : at + 512] for at in range(0, len(found), 512)]
            assert len({sector for sector in sectors if any(sector)}) > 1

        asyncio.run(main())


def gcm(below: Block, key: bytes = KEY) -> GcmBlock:
    return GcmBlock(below, keys(key))


async def fill() -> RamBlock:
    """A device of 16 sectors of data, each with its number, in two groups."""
    below = RamBlock(20 * 512)
    async with started(gcm(below)) as block:
        assert block.sectors == 16
        for sector in range(16):
            await block.write(sector, bytes([sector]) * 512)
    return below


def filled() -> RamBlock:
    return asyncio.run(fill())


def test_gcm_keeps_what_was_written_from_one_start_to_the_next() -> None:
    below = filled()

    async def main() -> None:
        async with started(gcm(below)) as block:
            assert await block.read(0, 16) == b"".join(bytes([n]) * 512 for n in range(16))

    asyncio.run(main())


@given(position=st.integers(0, 20 * 512 - 1), change=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_gcm_notices_every_change(position: int, change: int) -> None:
    below = filled()
    at, offset = divmod(position, 512)

    async def main() -> None:
        sector = bytearray(await below.read(at))
        sector[offset] ^= change
        await below.write(at, bytes(sector))
        block = gcm(below)
        if at == 0:
            with pytest.raises(BlockError, match=r"header was changed|something else"):
                await block.start()
            return
        async with started(block):
            if at < 3:
                first = (at - 1) * 8
                with pytest.raises(BlockError, match=f"its sectors {first} to {first + 7} cannot"):
                    await block.read(first)
            elif at < 19:
                with pytest.raises(BlockError, match=rf"sector {at - 3} is not what was written"):
                    await block.read(0, 16)
                assert await block.read((at - 3 + 1) % 16) == bytes([(at - 2) % 16]) * 512
                await block.write(at - 3, b"m" * 512)  # which mends it
                await block.flush()
                assert await block.read(at - 3) == b"m" * 512

    asyncio.run(main())


def test_gcm_notices_sectors_that_were_exchanged_zeroed_or_of_another_disk() -> None:
    async def main() -> None:
        other = await fill()
        for at, sector in (
            (4, await other.read(5)),
            (5, bytes(512)),
            (6, await other.read(6)),
            (2, bytes(512)),
            (2, await other.read(2)),
        ):
            below = await fill()
            await below.write(at, sector)
            async with started(gcm(below)) as block:
                with pytest.raises(BlockError, match="damaged or was tampered with"):
                    await block.read(0, 16)

    asyncio.run(main())


def test_gcm_with_another_key_or_another_disk_says_so() -> None:
    below = filled()
    with pytest.raises(BlockError, match=r"another key than 'disk\.key'"):
        asyncio.run(gcm(below, os.urandom(64)).start())
    with pytest.raises(BlockError, match="holds something else"):
        asyncio.run(gcm(RamBlock(8192, content=b"mine")).start())
    with pytest.raises(BlockError, match="made for 20 sectors of 512 bytes, and has 19 of 512"):
        asyncio.run(gcm(RamBlock(19 * 512, content=asyncio.run(content(below)))).start())
    with pytest.raises(BlockError, match="too small to be encrypted"):
        asyncio.run(gcm(RamBlock(1024)).start())


def test_gcm_does_not_make_a_disk_new_that_has_lost_its_header() -> None:
    below = filled()
    asyncio.run(below.write(0, bytes(512)))
    with pytest.raises(BlockError, match="has lost its header, or holds something else"):
        asyncio.run(gcm(below).start())


def test_gcm_reads_a_disk_that_is_read_only_and_makes_none_ready() -> None:
    async def main() -> None:
        image = await content(await fill())
        async with started(gcm(RamBlock(len(image), content=image, read_only=True))) as block:
            assert await block.read(7) == bytes([7]) * 512
            with pytest.raises(BlockError, match="is read-only"):
                await block.write(0, bytes(512))
        with pytest.raises(BlockError, match="cannot be made ready: it is read-only"):
            await gcm(RamBlock(8192, read_only=True)).start()

    asyncio.run(main())


def test_gcm_commits_by_itself_what_is_more_than_it_holds() -> None:
    async def main() -> None:
        below = RamBlock(8 << 20, sector_size=4096)
        async with started(gcm(below)) as block:
            before = await content(below)
            text = os.urandom(3 << 20)
            await block.write(1, text)
            assert await content(below) != before
            assert await block.read(1, 768) == text

    asyncio.run(main())


def test_gcm_writes_no_more_after_the_medium_has_failed() -> None:
    class Failing(RamBlock):
        broken = False

        async def flush(self) -> None:
            if self.broken:
                raise OSError(5, "Input/output error")

    async def main() -> None:
        below = Failing(BELOW * 512)
        block = gcm(below)
        await block.start()
        await block.write(0, b"a" * 512)
        await block.flush()
        await block.write(0, b"b" * 512)
        below.broken = True
        with pytest.raises(OSError, match="Input/output error"):
            await block.flush()
        below.broken = False
        with pytest.raises(BlockError, match="is not written any more"):
            await block.flush()
        await block.stop()
        async with started(gcm(below)) as again:
            assert await again.read(0) in (b"a" * 512, b"b" * 512)

    asyncio.run(main())


def test_gcm_takes_an_eighth_or_a_seventieth() -> None:
    small, large = Layout(512, 1 << 17), Layout(4096, 1 << 14)
    assert (small.in_group, large.in_group) == (8, 70)
    for layout in (small, large):
        assert layout.place(layout.data - 1) < layout.sectors
        assert layout.sectors - layout.place(layout.data) <= 1
    assert small.data / small.sectors > 0.88
    assert large.data / large.sectors > 0.98


WRITES = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 11), st.integers(1, 4), st.integers(0, 255)),
        st.none(),
    ),
    max_size=12,
)


@given(
    lives=st.lists(st.tuples(WRITES, st.integers(0, 40)), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
    chance=st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
)
@settings(max_examples=100, deadline=None)
def test_whenever_the_machine_ends_each_sector_is_old_or_new(
    lives: list[tuple[list[tuple[int, int, int] | None], int]], seed: int, chance: float
) -> None:
    """`allowed` is what each sector may hold: what was flushed, or anything written since."""
    choice = random.Random(seed)
    image = bytes(20 * 512)
    allowed = [{bytes(512)} for _ in range(16)]
    for operations, life in lives:
        below = FaultyBlock(image, life=life)
        with contextlib.suppress(Crash):
            asyncio.run(_live(below, operations, allowed))
        image = below.survived(choice, chance)
        asyncio.run(_look(image, allowed))


STEPS: list[tuple[int, int, int] | None] = [
    (0, 10, 1),
    None,
    (3, 10, 2),
    None,
    (5, 1, 3),
    (5, 1, 4),
    (8, 1, 3),
    None,
]


def survivors(below: FaultyBlock) -> Iterator[bytes]:
    """What may be on the medium: all that was written, nothing, and some mixtures."""
    yield below.survived(random.Random(0), 0.0)
    yield below.survived(random.Random(0), 1.0)
    for seed in range(10):
        yield below.survived(random.Random(seed), 0.5)


@pytest.mark.parametrize("life", range(34))
def test_at_every_step_of_a_commit_the_machine_may_end(life: int) -> None:
    below = FaultyBlock(bytes(20 * 512), life=life)
    allowed = [{bytes(512)} for _ in range(16)]
    with contextlib.suppress(Crash):
        asyncio.run(_live(below, STEPS, allowed))
    for image in survivors(below):
        asyncio.run(_look(image, [set(values) for values in allowed]))


@pytest.mark.parametrize("life", range(6, 34))
def test_the_program_may_end_first_and_its_machine_later(life: int) -> None:
    """What the program reads after its restart need not be on the medium yet."""
    for second in range(16):
        below = FaultyBlock(bytes(20 * 512), life=life)
        allowed = [{bytes(512)} for _ in range(16)]
        with contextlib.suppress(Crash):
            asyncio.run(_live(below, STEPS, allowed))
        below.restarted(second)
        with contextlib.suppress(Crash):
            asyncio.run(_live(below, [(2, 9, 7), None, (4, 2, 8)], allowed))
        for image in survivors(below):
            asyncio.run(_look(image, [set(values) for values in allowed]))


async def _live(
    below: FaultyBlock,
    operations: list[tuple[int, int, int] | None],
    allowed: list[set[bytes]],
) -> None:
    block = gcm(below)
    await block.start()
    latest: dict[int, bytes] = {}
    for operation in operations:
        if operation is None:
            await block.flush()
            for sector, data in latest.items():
                allowed[sector] = {data}
            continue
        sector, count, value = operation
        for number in range(sector, sector + count):
            latest[number] = bytes([value]) * 512
            allowed[number].add(latest[number])
        await block.write(sector, bytes([value]) * 512 * count)
        assert await block.read(sector, count) == bytes([value]) * 512 * count


async def _look(image: bytes, allowed: list[set[bytes]]) -> None:
    async with started(gcm(RamBlock(len(image), content=image))) as block:
        for number, values in enumerate(allowed):
            found = await block.read(number)
            assert found in values
            values.intersection_update({found})
