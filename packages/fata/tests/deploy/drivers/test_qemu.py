"""The driver `qemu` keeps the protocol, and what it alone does."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fata.deploy.drivers import cgroup
from fata.deploy.drivers.directory import read_spec
from fata.deploy.drivers.driver import Driver
from fata.deploy.drivers.processes import find
from fata.deploy.drivers.qemu import Qemu
from fata.deploy.drivers.resources import QMP
from fata.deploy.drivers.spec import GuestSpec, Nic, deterministic_mac
from fata.deploy.drivers.tap import tap_name
from fata.qemu.machine import Machine
from fata.qemu.publish import Publish
from fata.qemu.wait import wait_http

from .conformance_limits import Throttled
from .conftest import Built


class QemuBench:
    """Guests on user-mode networks below a directory of their own."""

    def __init__(self, guests: Path, built: Built) -> None:
        self.guests = guests
        self.built = built
        self.driver: Driver = Qemu(guests)
        self._foreign: list[subprocess.Popen[bytes]] = []

    def again(self) -> Driver:
        return Qemu(self.guests)

    def spec(self, name: str, *arguments: str) -> GuestSpec:
        nic = self.nic(name)
        words = (f"fata.nic=net,{nic.mac}",)
        return GuestSpec(
            name,
            self.guests / name,
            self.built.kernel,
            self.built.initramfs,
            self.built.command_line(*words, arguments=(*self.addresses(name), *arguments)),
            64,
            nics=(nic,),
            machine=Machine.MICROVM,
            machine_options=self.built.machine().options,
        )

    def nic(self, name: str) -> Nic:
        mac = deterministic_mac(name, "test", "net", "a")
        return Nic("net", mac, forwards=(Publish("127.0.0.1", 0, 80),))

    def addresses(self, name: str) -> tuple[str, ...]:
        return ("--ipv4=10.0.2.15/24", "--ipv4-gateway=10.0.2.2")

    def get(self, spec: GuestSpec) -> bytes:
        (port,) = read_spec(spec.directory).nics[0].forwards
        return wait_http(port.host, deadline=120, alive=lambda: self.alive(spec)).body

    def alive(self, spec: GuestSpec) -> bool:
        return self.driver.outcome(spec.name) is None

    def kill(self, name: str) -> None:
        hypervisor = find(self.guests / name).hypervisor
        assert hypervisor is not None
        hypervisor.send(signal.SIGKILL)

    def foreign(self) -> str:
        words = ["qemu-system-x86_64", "-name", "foreign", "-M", "none", "-display", "none"]
        self._foreign.append(subprocess.Popen(words))
        return "foreign"

    def leftovers(self, name: str) -> list[str]:
        directory = self.guests / name
        processes = find(directory)
        links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
        found = [
            ("keeper", processes.keeper),
            ("QEMU", processes.hypervisor),
            ("control group", cgroup.exists(directory)),
            ("socket", (directory / QMP).exists()),
            ("interface", tap_name(directory, 0) in links.stdout),
        ]
        return [what for what, there in found if there]

    def close(self) -> None:
        for process in self._foreign:
            process.kill()
            process.wait()


@contextlib.contextmanager
def closing(bench: QemuBench) -> Iterator[QemuBench]:
    try:
        yield bench
    finally:
        bench.close()


class TestQemu(Throttled):
    """On user-mode networks."""

    @pytest.fixture
    def bench(self, tmp_path: Path, build: Callable[..., Built]) -> Iterator[QemuBench]:
        with closing(QemuBench(tmp_path / "guests", build("-t", "virtio"))) as bench:
            yield bench
