"""Guests small enough to be made inside a test: a static C program as /init in a cpio archive."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fata.image.cpio import Entry, Kind, archive
from fata.kernel import provide
from fata.qemu.machine import Guest

SOURCE = Path(__file__).with_name("init.c")


@pytest.fixture(scope="session")
def kernel() -> Path:
    """A kernel to test with: `$FATA_TEST_KERNEL`, or the tiny one, which is built if need be."""
    named = os.environ.get("FATA_TEST_KERNEL")
    return Path(named) if named else provide("tiny", "virtio", print).image


@pytest.fixture(scope="session")
def initramfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with `init.c` as its only program."""
    folder = tmp_path_factory.mktemp("guest")
    program = folder / "init"
    subprocess.run(("gcc", "-static", "-Os", "-s", "-o", program, SOURCE), check=True)
    path = folder / "initramfs.cpio"
    console = Entry("dev/console", Kind.CHARACTER_DEVICE, mode=0o600, device=(5, 1))
    init = Entry("init", content=program.read_bytes(), mode=0o755)
    path.write_bytes(archive([console, init]))
    return path


@pytest.fixture
def guest(kernel: Path, initramfs: Path) -> Callable[..., Guest]:
    """`guest(what, ...)` is a guest that does `what`, one of the words in `init.c`."""

    def make(what: str, **changes: object) -> Guest:
        cmdline = f"console=ttyS0 reboot=t panic=-1 quiet do={what}"
        return replace(Guest(kernel, initramfs, cmdline), **changes)  # type: ignore[arg-type]

    return make
