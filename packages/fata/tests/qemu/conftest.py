"""Guests small enough to be made inside a test: a static C program as /init in a cpio archive."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fata.qemu.machine import Guest

SOURCE = Path(__file__).with_name("init.c")


@pytest.fixture(scope="session")
def kernel() -> Path:
    """A kernel to test with: `$FATA_TEST_KERNEL`, or the distribution's own."""
    named = os.environ.get("FATA_TEST_KERNEL")
    if named:
        return Path(named)
    for found in sorted(Path("/boot").glob("vmlinuz-*"), reverse=True):
        if os.access(found, os.R_OK):
            return found
    pytest.skip("no kernel to boot: set FATA_TEST_KERNEL to a vmlinux or bzImage")


@pytest.fixture(scope="session")
def initramfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with `init.c` as its only program."""
    if shutil.which("gcc") is None:
        pytest.skip("no C compiler to make a guest with")
    folder = tmp_path_factory.mktemp("guest")
    program = folder / "init"
    subprocess.run(("gcc", "-static", "-Os", "-s", "-o", program, SOURCE), check=True)
    entries = {
        "dev": (0o040755, b""),
        "dev/console": (0o020600, b""),
        "init": (0o100755, program.read_bytes()),
    }
    path = folder / "initramfs.cpio"
    path.write_bytes(cpio(entries))
    return path


@pytest.fixture
def guest(kernel: Path, initramfs: Path) -> Callable[..., Guest]:
    """`guest(what, ...)` is a guest that does `what`, one of the words in `init.c`."""

    def make(what: str, **changes: object) -> Guest:
        cmdline = f"console=ttyS0 reboot=t panic=-1 quiet do={what}"
        return replace(Guest(kernel, initramfs, cmdline), **changes)  # type: ignore[arg-type]

    return make


def cpio(entries: Mapping[str, tuple[int, bytes]]) -> bytes:
    """`cpio(entries)` is a newc archive; a character device in it is the console, 5:1."""
    archive = bytearray()
    for name, (mode, data) in [*entries.items(), ("TRAILER!!!", (0, b""))]:
        device = (5, 1) if mode & 0o170000 == 0o020000 else (0, 0)
        fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        archive += b"070701" + b"".join(b"%08X" % field for field in fields)
        archive += name.encode() + b"\0"
        archive += bytes(-len(archive) % 4) + data
        archive += bytes(-len(archive) % 4)
    return bytes(archive)
