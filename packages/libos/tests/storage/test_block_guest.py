"""The disk of a VM, found by its name."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from libos.signatures.block import Block, BlockError
from libos.storage.block.guest import GuestDisk

from .block_conformance import SECTORS, BlockConformance, MakeBlock


def machine(tmp_path: Path, **disks: tuple[str, int]) -> tuple[str, str]:
    """A sysfs and a devtmpfs with these disks: serial number and size by the kernel's name."""
    for disk, (serial, size) in disks.items():
        (tmp_path / "sys" / disk).mkdir(parents=True)
        (tmp_path / "sys" / disk / "serial").write_text(serial)
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / disk).write_bytes(disk.encode().ljust(size, b"\0"))
    return str(tmp_path / "sys"), str(tmp_path / "dev")


@pytest.fixture
def make(tmp_path: Path) -> MakeBlock:
    @asynccontextmanager
    async def disk(sector_size: int) -> AsyncIterator[Block]:
        host = Path(tempfile.mkdtemp(dir=tmp_path))
        sys, dev = machine(host, vda=("log", 512), vdb=("data", SECTORS * sector_size))
        Path(dev, "vdb").write_bytes(bytes(SECTORS * sector_size))
        found = GuestDisk("data", sector_size=sector_size, directory=sys, devices=dev)
        await found.start()
        try:
            yield found
        finally:
            await found.stop()

    return disk


class TestGuestDisk(BlockConformance):
    """The disk of a VM is a block device like any other."""


def test_it_is_found_whatever_the_kernel_calls_it(tmp_path: Path) -> None:
    sys, dev = machine(tmp_path, vda=("log", 512), vdb=("data", 1024))

    async def main() -> bytes:
        disk = GuestDisk("data", size=1024, directory=sys, devices=dev)
        await disk.start()
        try:
            return await disk.read(0)
        finally:
            await disk.stop()

    assert asyncio.run(main()).startswith(b"vdb")


def refused(disk: GuestDisk) -> str:
    with pytest.raises(BlockError) as caught:
        asyncio.run(disk.start())
    return str(caught.value)


def test_one_that_the_host_does_not_give(tmp_path: Path) -> None:
    sys, dev = machine(tmp_path, vda=("log", 512), vdb=("", 512))
    assert refused(GuestDisk("data", limit=0.0, directory=sys, devices=dev)) == (
        "the host gives this VM no disk `data`; it gives `log` (vda)"
    )


def test_one_that_is_too_small(tmp_path: Path) -> None:
    sys, dev = machine(tmp_path, vda=("data", 512))
    text = refused(GuestDisk("data", size=1024, directory=sys, devices=dev))
    assert text.startswith("disk `data`: ")
    assert text.endswith("vda has 512 bytes, and the program asks for 1024: give it a larger one")


def test_one_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    sys, dev = machine(tmp_path, vda=("log", 512))

    async def main() -> int:
        disk = GuestDisk("data", directory=sys, devices=dev)
        starting = asyncio.create_task(disk.start())
        await asyncio.sleep(0)
        machine(tmp_path, vdb=("data", 512))
        await starting
        sectors = disk.sectors
        await disk.stop()
        return sectors

    assert asyncio.run(main()) == 1
