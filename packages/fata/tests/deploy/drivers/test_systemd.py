"""Guests as units of a real systemd, which is the first process of namespaces of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fata.deploy.drivers.launch import default_python, launcher, unit
from fata.deploy.drivers.processes import find
from fata.deploy.drivers.qemu import Qemu
from fata.deploy.drivers.spec import Limits

from .conftest import Built
from .test_qemu import QemuBench

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/lib/systemd/systemd").exists(), reason="needs systemd"
    ),
]

NAME = "behave.systemd.g1"
TARGETS = ("basic", "sysinit", "shutdown", "sockets", "paths", "slices", "timers", "default")

# It sees none of this machine's units, and its own are targets without anything in them.
_SCRIPT = """\
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/systemd
for directory in system-generators system-environment-generators; do
    [ ! -d /lib/systemd/$directory ] || mount -t tmpfs tmpfs /lib/systemd/$directory
done
mount -t tmpfs tmpfs /lib/systemd/system
for target in "$@"; do
    printf '[Unit]\\nDefaultDependencies=no\\n' >/lib/systemd/system/$target.target
done
container=fata exec /lib/systemd/systemd --system --unit=default.target
"""
_INSIDE = '#!/bin/sh\nexec nsenter -t {pid} -m -p {program} "$@"\n'


def _groups() -> set[Path]:
    """The groups that a systemd makes."""
    names = ("init.scope", "fata.slice", "system.slice", "user.slice")
    return {path for name in names for path in Path("/sys/fs/cgroup").glob(f"*/{name}")}


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory with the commands that speak to it, which are the first in PATH."""
    before = _groups()
    own = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    process = subprocess.Popen([*own, "sh", "-c", _SCRIPT, "sh", *TARGETS])
    programs = tmp_path / "bin"
    programs.mkdir()
    try:
        first = _child(process.pid)
        for program in ("systemd-run", "systemctl"):
            path = programs / program
            path.write_text(_INSIDE.format(pid=first, program=shutil.which(program)))
            path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        deadline = time.monotonic() + 120
        while not _answers(programs / "systemctl"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield programs
    finally:
        process.kill()
        process.wait()
        deadline = time.monotonic() + 120
        while left := sorted(_groups() - before):
            assert time.monotonic() < deadline, left
            for path in left:
                for folder in sorted((path, *path.glob("**/")), reverse=True):
                    with contextlib.suppress(OSError):
                        folder.rmdir()


def _answers(systemctl: Path) -> bool:
    words = [systemctl, "list-units"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _child(pid: int) -> int:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if words:
            return int(words[0])
        time.sleep(0.05)
    raise AssertionError("it has not started")


def test_a_guest_is_a_unit_within_its_limits(
    tmp_path: Path,
    build: Callable[..., Built],
    systemd: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = QemuBench(tmp_path / "guests", build("-t", "virtio"))
    driver = Qemu(bench.guests)
    keeper = (*default_python(), "-m", "fata.deploy.drivers.keeper")
    monkeypatch.setattr(driver, "_launcher", launcher(keeper, systemd))
    spec = replace(bench.spec(NAME, "--do=spin"), limits=Limits(cpu=0.2, memory=512))
    driver.start(spec)
    try:
        while b"spinning" not in driver.console(NAME).read_bytes():
            time.sleep(0.1)
        before, began = driver.statistics(NAME).cpu, time.monotonic()
        time.sleep(3)
        used = driver.statistics(NAME).cpu - before
        assert used / (time.monotonic() - began) < 0.3
        words = ["systemctl", "show", "--property=MemoryMax,Slice", unit(spec.directory)]
        shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        assert sorted(shown.split()) == [f"MemoryMax={(512 + 48) << 20}", "Slice=fata.slice"]
    finally:
        driver.destroy(NAME)
    assert not find(spec.directory).any
    outcome = driver.outcome(NAME)
    assert outcome is not None
    assert outcome.reason == "it was destroyed"


def test_the_end_of_the_host_asks_its_guests_to_end(
    tmp_path: Path,
    build: Callable[..., Built],
    systemd: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """systemd stops its units when it shuts down."""
    bench = QemuBench(tmp_path / "guests", build("-t", "virtio"))
    driver = Qemu(bench.guests)
    keeper = (*default_python(), "-m", "fata.deploy.drivers.keeper")
    monkeypatch.setattr(driver, "_launcher", launcher(keeper, systemd))
    spec = bench.spec(NAME, "--do=serve")
    driver.start(spec)
    while b"listening" not in driver.console(NAME).read_bytes():
        time.sleep(0.1)
    subprocess.run(["systemctl", "stop", unit(spec.directory)], check=True)
    outcome = driver.outcome(NAME)
    assert outcome is not None
    assert outcome.code == 130
    driver.destroy(NAME)
