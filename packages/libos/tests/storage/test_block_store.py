"""A store on a block device."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random

import pytest

from libos.signatures.block import Block
from libos.signatures.kv_rw import NoSpace
from libos.storage.block.ram import RamBlock
from libos.storage.block_store import BlockStore
from libos.storage.error import Damaged, Unrecognised

from .faulty_block import FaultyBlock
from .kv_ro_conformance import CONTENT, run
from .kv_rw_conformance import KvRwConformance, content, fill


def started(block: Block, **options: bool) -> BlockStore:
    store = BlockStore(block, **options)
    run(store.start())
    return store


class TestBlockStore(KvRwConformance):
    """A `BlockStore` is a read-write store like any other."""

    @pytest.fixture(params=[512, 4096])
    def empty(self, request: pytest.FixtureRequest) -> BlockStore:
        return started(RamBlock(4 << 20, sector_size=request.param))


def stopped_image(size: int = 1 << 18) -> bytes:
    """The bytes of a disk whose store was filled and stopped."""
    block = RamBlock(size)
    store = started(block)
    run(fill(store, {key: value[:20_000] for key, value in CONTENT.items()}))
    run(store.stop())
    return image(block)


def image(block: Block) -> bytes:
    return bytes(run(block.read(0, block.sectors)))


def test_it_outlasts_a_stop_and_a_flush() -> None:
    block = RamBlock(1 << 20)
    store = started(block)
    run(fill(store))
    run(store.flush())
    assert run(content(started(RamBlock(1 << 20, content=image(block))))) == CONTENT
    run(store.remove("dir"))
    run(store.stop())
    with pytest.raises(OSError, match="it has been stopped"):
        run(store.set("late", b""))
    rest = {key: value for key, value in CONTENT.items() if not key.startswith("dir/")}
    assert run(content(started(block))) == rest


def test_a_start_and_a_stop_write_nothing() -> None:
    before = stopped_image()
    block = FaultyBlock(before)
    run(started(block).stop())
    assert image(block) == before


@pytest.mark.parametrize("place", [0, 600, 50_000, (1 << 18) - 1])
def test_a_disk_that_holds_something_else_is_refused(place: int) -> None:
    other = bytearray(1 << 18)
    other[place] = 1
    with pytest.raises(Unrecognised, match="holds data of another kind and no key-value store"):
        started(RamBlock(1 << 18, content=other))
    assert run(content(started(RamBlock(1 << 18, content=other), format=True))) == {}


def test_what_is_refused_is_named() -> None:
    for at, magic, name in ((257, b"ustar", "a tar archive"), (1080, b"\x53\xef", "an ext file")):
        with pytest.raises(Unrecognised, match=name):
            started(RamBlock(1 << 18, content=bytes(at) + magic))


def test_a_store_is_never_formatted() -> None:
    disk = stopped_image()
    assert run(content(started(RamBlock(len(disk), content=disk), format=True))) != {}
    damaged = b"libos-kv".ljust(512, b"x") + b"\0" * 512 + disk[1024:]
    with pytest.raises(Damaged, match="both superblocks"):
        started(RamBlock(len(disk), content=damaged), format=True)


def test_disks_that_do_not_fit_the_store() -> None:
    disk = stopped_image()
    with pytest.raises(Damaged, match="made for 512 sectors, and the device has 256"):
        started(RamBlock(len(disk) // 2, content=disk))
    with pytest.raises(Unrecognised, match=r"sectors of 512 bytes, and the device has .* 4096"):
        started(RamBlock(len(disk), sector_size=4096, content=disk))
    with pytest.raises(OSError, match="it needs 32768 bytes or more"):
        started(RamBlock(512 * 63))
    newer = bytearray(disk)
    newer[:1024] = b"".join(_version_2(disk[at : at + 512]) for at in (0, 512))
    with pytest.raises(Unrecognised, match="format 2, and this program knows format 1"):
        started(RamBlock(len(disk), content=newer))


def _version_2(sector: bytes) -> bytes:
    from zlib import crc32

    body = (2).to_bytes(4, "little") + sector[16:]
    return sector[:8] + crc32(body).to_bytes(4, "little") + body


def test_a_disk_that_has_grown_is_used_wholly() -> None:
    block = RamBlock(1 << 20, content=stopped_image())
    store = started(block)
    run(store.set("large", bytes(900_000)))
    run(store.stop())
    assert run(started(block).size("large")) == 900_000


def test_a_read_only_disk_is_read() -> None:
    disk = stopped_image()
    store = started(RamBlock(len(disk), content=disk, read_only=True))
    assert run(store.get("dir/b")) == b"second"
    with pytest.raises(OSError, match="cannot be changed: its disk is read-only"):
        run(store.set("a", b""))
    run(store.stop())


def test_a_full_store_loses_nothing_and_can_be_emptied() -> None:
    block = RamBlock(1 << 16)
    store = started(block)
    kept: dict[str, bytes] = {}
    choice = Random(1)
    refused = 0
    while refused < 20:
        key, value = f"{choice.randrange(10**6)}", choice.randbytes(choice.randrange(3000))
        try:
            run(store.set(key, value))
            kept[key] = value
        except NoSpace:
            refused += 1
    assert sum(map(len, kept.values())) > 30_000
    run(store.flush())
    assert run(content(store)) == run(content(started(block))) == kept
    for key in list(kept):
        run(store.remove(key))
        run(store.flush())
        del kept[key]
        assert run(content(started(RamBlock(1 << 16, content=image(block))))) == kept
    run(store.set("large", bytes(40_000)))


def test_a_full_store_of_many_keys_can_be_emptied() -> None:
    store = started(RamBlock(1 << 16))
    number = 0
    with suppress(NoSpace):
        while True:
            run(store.set(f"{number}" * 40, b""))
            number += 1
    assert number > 50
    with pytest.raises(NoSpace) as caught:
        run(store.set("x" * 200, b""))
    assert caught.value.key == "x" * 200
    for index in range(number):
        run(store.remove(f"{index}" * 40))
    run(store.flush())
    assert run(content(store)) == {}


def test_a_refused_change_leaves_its_room_to_others() -> None:
    store = started(RamBlock(1 << 16))
    for _ in range(100):
        with pytest.raises(NoSpace):
            run(store.set("too large", bytes(1 << 16)))
    run(store.set("right", bytes(40_000)))


@pytest.mark.parametrize("flushed", [True, False])
def test_space_is_reclaimed(flushed: bool) -> None:
    store = started(RamBlock(1 << 17))
    run(store.set("stays", b"here" * 1000))
    for number in range(500):
        run(store.set("a", bytes([number % 256]) * 20_000))
        run(store.set_partial("log", 0, bytes(3000)))
        run(store.rename("log", "old"))
        if flushed:
            run(store.flush())
        if number % 50 == 0:
            run(store.remove("a"))
    assert run(store.get("stays")) == b"here" * 1000


def test_any_damage_of_a_stopped_store_is_named_or_harmless() -> None:
    disk = stopped_image(1 << 16 | 1 << 15)
    expected = run(content(started(RamBlock(len(disk), content=disk))))
    choice = Random(0)
    named = 0
    for sector in range(len(disk) // 512):
        for position in (choice.randrange(40), choice.randrange(512)):
            damaged = bytearray(disk)
            damaged[sector * 512 + position] ^= 1 << choice.randrange(8)
            try:
                assert run(content(started(RamBlock(len(disk), content=damaged)))) == expected
            except Damaged:
                named += 1
    assert named > 60


def test_damage_of_a_flushed_log_is_named() -> None:
    """A disk whose machine ended without a stop, when all had been flushed."""
    block = RamBlock(1 << 16)
    store = started(block)
    for number in range(6):
        run(store.set(f"{number}" * 100, bytes([number]) * 600))
        if number % 2:
            run(store.flush())
    disk = image(block)
    expected = run(content(store))
    assert run(content(started(RamBlock(len(disk), content=disk)))) == expected
    for sector in range(len(disk) // 512):
        damaged = bytearray(disk)
        damaged[sector * 512 + 30] ^= 1
        try:
            assert run(content(started(RamBlock(len(disk), content=damaged)))) == expected
        except Damaged:
            continue


def test_damage_of_a_value_is_named() -> None:
    disk = bytearray(stopped_image())
    at = disk.index(b"second")
    disk[at] ^= 1
    store = started(RamBlock(len(disk), content=disk))
    with pytest.raises(Damaged, match=r"the value of 'dir/b' is damaged: 1 sectors from"):
        run(store.get("dir/b"))
    assert run(store.get("a")) == b"first"


def test_arbitrary_bytes_behind_a_good_superblock() -> None:
    """Whatever lies where the index should, a start ends, and with `Damaged`."""
    disk = stopped_image()
    choice = Random(0)
    for _ in range(300):
        damaged = bytearray(disk)
        for _ in range(choice.randrange(1, 2000)):
            damaged[choice.randrange(1024, len(disk))] = choice.randrange(256)
        try:
            run(content(started(RamBlock(len(disk), content=damaged))))
        except Damaged:
            continue


class _FailingBlock(FaultyBlock):
    """A medium that can be told to fail."""

    failing = ""

    async def write(self, sector: int, data: bytes) -> None:
        if self.failing == "write":
            raise OSError("the medium failed")
        await super().write(sector, data)

    async def flush(self) -> None:
        await asyncio.sleep(0)
        if self.failing == "flush":
            raise OSError("the medium failed")
        await super().flush()


def test_a_failed_write_changes_nothing() -> None:
    block = _FailingBlock(bytes(1 << 16))
    store = started(block)
    run(store.set("a", b"1"))
    block.failing = "write"
    for _ in range(200):
        with pytest.raises(OSError, match="medium failed"):
            run(store.set("a", bytes(3000)))
    block.failing = ""
    assert run(store.get("a")) == b"1"
    run(store.set("a", b"2"))
    run(store.flush())
    assert run(content(started(block))) == {"a": b"2"}


def test_after_a_failed_flush_nothing_is_changed_any_more() -> None:
    block = _FailingBlock(bytes(1 << 16))
    store = started(block)
    run(store.set("a", b"1"))
    block.failing = "flush"
    with pytest.raises(OSError, match="medium failed"):
        run(store.flush())
    block.failing = ""
    with pytest.raises(OSError, match="cannot be changed: its disk failed"):
        run(store.set("a", b"2"))
    assert run(store.get("a")) == b"1"


def test_a_task_that_is_cancelled_leaves_no_half_flush() -> None:
    block = _FailingBlock(bytes(1 << 16))
    store = started(block)

    async def main() -> None:
        for number in range(50):
            await store.set("a", bytes([number]) * 700)
            task = asyncio.create_task(store.flush())
            for _ in range(number % 7):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        await store.flush()

    run(main())
    assert run(content(started(block))) == {"a": bytes([49]) * 700}


def test_a_value_that_is_read_while_it_is_replaced() -> None:
    class SlowBlock(RamBlock):
        async def read(self, sector: int, count: int = 1) -> bytes:
            await asyncio.sleep(0)
            return await super().read(sector, count)

    store = started(SlowBlock(1 << 17))

    async def read(number: int) -> None:
        value = await store.get("a")
        assert value == bytes([value[0]]) * 9000, number

    async def main() -> None:
        tasks = []
        for number in range(200):
            await store.set("a", bytes([number]) * 9000)
            tasks.append(asyncio.create_task(read(number)))
            await asyncio.sleep(0)
            if number % 3 == 0:
                await store.set_partial("a", 0, bytes([number]) * 600)
                await store.flush()
        await asyncio.gather(*tasks)

    run(main())
