"""Guests as units of a real systemd, which is the first process of namespaces of its own."""

from __future__ import annotations

import os
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
from tests.own_systemd import needs_root, own_systemd

from .conftest import Built
from .test_qemu import QemuBench

pytestmark = [pytest.mark.e2e, needs_root]

NAME = "behave.systemd.g1"


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory with the commands that speak to it, which are the first in PATH."""
    with own_systemd(tmp_path) as programs:
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        yield programs


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
