"""What the driver `qemu` does on its host: users, limits, interfaces, ports, and nothing left."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fata.deploy.drivers import cgroup
from fata.deploy.drivers.console import display
from fata.deploy.drivers.directory import read_spec
from fata.deploy.drivers.driver import State
from fata.deploy.drivers.processes import find
from fata.deploy.drivers.qemu import Qemu
from fata.deploy.drivers.spec import Disk, GuestSpec, Limits, Nic, decode, encode
from fata.deploy.drivers.user import guest_user
from fata.exit_codes import NO_OUTCOME
from fata.qemu.publish import Publish
from fata.qemu.wait import wait_http
from functoria.error import UserError

from .conftest import Built
from .test_qemu import QemuBench, closing

pytestmark = pytest.mark.e2e

NAME = "behave.host.g1"


@pytest.fixture
def bench(tmp_path: Path, build: Callable[..., Built]) -> Iterator[QemuBench]:
    with closing(QemuBench(tmp_path / "guests", build("-t", "virtio"))) as bench:
        yield bench
        for name in (NAME, f"{NAME}2"):
            bench.driver.destroy(name)
            assert bench.leftovers(name) == []


def said(bench: QemuBench, name: str, words: str) -> None:
    deadline = time.monotonic() + 120
    while words not in display(bench.driver.console(name).read_bytes()):
        assert time.monotonic() < deadline
        assert bench.driver.outcome(name) is None
        time.sleep(0.05)


def waited(bench: QemuBench, name: str) -> object:
    deadline = time.monotonic() + 120
    while (outcome := bench.driver.outcome(name)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return outcome


def test_a_killed_keeper_takes_qemu_with_it(bench: QemuBench) -> None:
    """There is no guest whose console and outcome nobody keeps."""
    bench.driver.start(bench.spec(NAME, "--do=serve"))
    said(bench, NAME, "listening")
    processes = find(bench.guests / NAME)
    assert processes.keeper
    assert processes.hypervisor
    processes.keeper.send(signal.SIGKILL)
    assert processes.hypervisor.wait(60)
    outcome = bench.driver.outcome(NAME)
    assert outcome is not None
    assert (outcome.code, outcome.state) == (NO_OUTCOME, State.CRASHED)
    assert "keeper" in outcome.reason
    (found,) = bench.driver.list()
    assert found.state is State.CRASHED


def test_qemu_may_do_nothing_on_the_host(bench: QemuBench) -> None:
    bench.driver.start(bench.spec(NAME, "--do=serve"))
    hypervisor = find(bench.guests / NAME).hypervisor
    assert hypervisor is not None
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{hypervisor.pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    user = str(guest_user(bench.guests / NAME))
    assert status["Uid"].split() == [user] * 4
    assert status["Gid"].split() == [user] * 4
    assert status["Groups"].split() == []
    assert status["CapEff"] == "0" * 16
    assert status["Seccomp"] == "2"


def test_the_port_of_a_previous_run_is_free_at_once(bench: QemuBench) -> None:
    """kraftkit#1343: the port was still taken by the run before."""
    spec = bench.spec(NAME, "--do=serve")
    bench.driver.start(spec)
    port = read_spec(spec.directory).nics[0].forwards[0].host
    assert bench.get(spec) == b"hello"
    with socket.create_connection(("127.0.0.1", port)):
        bench.driver.destroy(NAME)
    fixed = replace(spec.nics[0], forwards=(Publish("127.0.0.1", port, 80),))
    spec = replace(spec, nics=(fixed,))
    bench.driver.start(spec)
    assert bench.get(spec) == b"hello"


def test_a_port_in_use_is_told_with_who_has_it(bench: QemuBench) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        spec = bench.spec(NAME, "--do=serve")
        nic = replace(spec.nics[0], forwards=(Publish("127.0.0.1", port, 80),))
        with pytest.raises(UserError, match=f"{port}.*in use"):
            bench.driver.start(replace(spec, nics=(nic,)))
    assert not (bench.guests / NAME).exists()


def test_several_ports_lead_in(bench: QemuBench) -> None:
    """kraftkit#1959: with several published ports none worked."""
    spec = bench.spec(NAME, "--do=serve")
    ports = tuple(Publish("127.0.0.1", 0, 80) for _ in range(3))
    bench.driver.start(replace(spec, nics=(replace(spec.nics[0], forwards=ports),)))
    chosen = {port.host for port in read_spec(spec.directory).nics[0].forwards}
    assert len(chosen) == 3
    assert [wait_http(port, deadline=120).body for port in sorted(chosen)] == [b"hello"] * 3


def test_whoever_starts_a_guest_may_be_killed_at_any_time(bench: QemuBench) -> None:
    spec = bench.spec(NAME, "--do=serve")
    script = (
        "import sys\nfrom pathlib import Path\nfrom fata.deploy.drivers.qemu import Qemu\n"
        "from fata.deploy.drivers.spec import decode\nprint(flush=True)\n"
        "Qemu(Path(sys.argv[1])).start(decode(sys.stdin.buffer.read(), 'stdin'))\n"
    )
    for milliseconds in (0, 20, 50, 100, 200, 400, 800):
        starter = subprocess.Popen(
            [sys.executable, "-c", script, str(bench.guests)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert starter.stdin
        assert starter.stdout
        starter.stdout.readline()
        starter.stdin.write(encode(spec))
        starter.stdin.close()
        time.sleep(milliseconds / 1000)
        starter.kill()
        starter.wait()
        starter.stdout.close()
        assert {found.state for found in bench.driver.list()} <= {State.RUNNING}
        bench.driver.destroy(NAME)
        assert bench.leftovers(NAME) == []
        shutil.rmtree(bench.guests / NAME, ignore_errors=True)


def test_two_starts_at_once_are_one_guest(bench: QemuBench) -> None:
    spec = bench.spec(NAME, "--do=serve")
    results: list[str] = []

    def start() -> None:
        try:
            Qemu(bench.guests).start(spec)
            results.append("started")
        except UserError as error:
            results.append(error.what)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [*[f"a guest `{NAME}` runs already"] * 2, "started"]
    assert bench.get(spec) == b"hello"


def test_what_qemu_refuses_is_told_and_leaves_nothing(bench: QemuBench) -> None:
    spec = replace(bench.spec(NAME), machine_options=("no-such-option=on",))
    with pytest.raises(UserError, match="no-such-option"):
        bench.driver.start(spec)
    assert bench.leftovers(NAME) == []
    assert bench.driver.list() == ()
    assert bench.driver.outcome(NAME) is None


def test_a_busy_guest_is_kept_to_its_share_of_a_processor(bench: QemuBench) -> None:
    spec = replace(bench.spec(NAME, "--do=spin"), limits=Limits(cpu=0.2))
    bench.driver.start(spec)
    said(bench, NAME, "spinning")
    before, began = bench.driver.statistics(NAME).cpu, time.monotonic()
    time.sleep(3)
    used = bench.driver.statistics(NAME).cpu - before
    share = used / (time.monotonic() - began)
    assert share < 0.3
    assert used > 0.05


def test_a_guest_is_kept_to_its_memory(bench: QemuBench) -> None:
    """The kernel ends a QEMU that takes more than its limit, and no other process."""
    spec = replace(bench.spec(NAME, "--do=eat"), limits=Limits(memory=96))
    bench.driver.start(spec)
    groups = [folder for folder in cgroup.group(spec.directory).folders if folder.exists()]
    assert groups
    waited(bench, NAME)
    assert not any(folder.exists() for folder in groups)


def test_a_limit_that_cannot_be_enforced_is_refused(
    bench: QemuBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "enforceable", lambda: frozenset({"memory"}))
    with pytest.raises(UserError, match="the limit on cpu cannot be enforced here"):
        bench.driver.check(replace(bench.spec(NAME), limits=Limits(cpu=0.5)))
    bench.driver.check(replace(bench.spec(NAME), limits=Limits(memory=128)))


def test_disks_are_locked_counted_and_throttled(bench: QemuBench, tmp_path: Path) -> None:
    disk = tmp_path / "data.img"
    disk.write_bytes(bytes(1 << 20))
    disk.chmod(0o600)
    other = replace(bench.spec(f"{NAME}2", "--do=serve"), disks=(Disk("data", disk),))
    spec = replace(bench.spec(NAME, "--do=serve"), disks=other.disks, limits=Limits(io=1 << 20))
    bench.driver.start(spec)
    assert bench.get(spec) == b"hello"
    statistics = bench.driver.statistics(NAME)
    assert (statistics.read, statistics.written) == (0, 0)
    assert statistics.received is None
    with pytest.raises(UserError, match="disk `data` is in use"):
        bench.driver.start(other)
    bench.driver.destroy(NAME)
    bench.driver.start(other)


def test_what_a_power_cut_left_can_be_started_again(bench: QemuBench) -> None:
    """albatross#203: a start after a crash that found its own remains in the way."""
    spec = bench.spec(NAME, "--do=serve")
    bench.driver.start(spec)
    said(bench, NAME, "listening")
    processes = find(spec.directory)
    for process in (processes.keeper, processes.hypervisor):
        assert process is not None
        process.send(signal.SIGKILL)
        assert process.wait(120)
    state = spec.directory / "state.json"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    state.write_text(state.read_text().replace(boot, "0" * len(boot)))
    outcome = bench.driver.outcome(NAME)
    assert outcome is not None
    assert outcome.reason == "the host was restarted"
    again = decode((spec.directory / "spec.json").read_bytes(), "spec.json")
    bench.driver.start(again)
    assert bench.get(spec) == b"hello"


def test_no_root_is_needed(bench: QemuBench) -> None:
    """As a user without rights: user-mode networks and no limits that take a control group."""
    place = Path(tempfile.mkdtemp(prefix="fata-rootless-"))
    image = [place / "kernel", place / "initramfs"]
    for path, source in zip(image, (bench.built.kernel, bench.built.initramfs), strict=True):
        path.write_bytes(source.read_bytes())
    place.chmod(0o777)
    spec = bench.spec(NAME, "--do=exit", "--number=4")
    spec = replace(spec, directory=place / "guests" / NAME, kernel=image[0], initramfs=image[1])
    script = place / "script.py"
    script.write_text(_ROOTLESS)
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable]
    done = subprocess.run(  # noqa: PLW1510
        [*words, str(script), str(place / "guests")],
        input=encode(spec),
        capture_output=True,
        timeout=100,
        cwd="/",
    )
    shutil.rmtree(place)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines() == ["4 ended", "only root may join guests to bridges"]


_ROOTLESS = """\
import sys, time
from dataclasses import replace
from pathlib import Path
from unittest import mock
from fata.deploy.drivers import tap
from fata.deploy.drivers.qemu import Qemu
from fata.deploy.drivers.spec import decode
from functoria.error import UserError

driver = Qemu(Path(sys.argv[1]))
spec = decode(sys.stdin.buffer.read(), "stdin")
driver.start(spec)
while (outcome := driver.outcome(spec.name)) is None:
    time.sleep(0.05)
print(outcome.code, outcome.state)
nic = replace(spec.nics[0], forwards=(), bridge="lo")
try:
    with mock.patch("fata.deploy.drivers.qemu.is_bridge", lambda name: True):
        driver.check(replace(spec, nics=(nic,)))
except UserError as error:
    print(error.what)
"""


# -- on a bridge -----------------------------------------------------------------------------------

_CLONE_NEWNET = 0x40000000


@pytest.fixture
def network() -> Iterator[str]:
    """A network namespace with a bridge, which this thread and what it starts are in."""
    name = f"fata{os.getpid()}drivers"
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for words in (
            ("link", "add", "br7", "type", "bridge"),
            ("address", "add", "10.88.7.1/24", "dev", "br7"),
            ("link", "set", "br7", "up"),
            ("link", "set", "lo", "up"),
        ):
            subprocess.run(["ip", "-n", name, *words], check=True)
        inside = os.open(f"/run/netns/{name}", os.O_RDONLY)
        assert libc.setns(inside, _CLONE_NEWNET) == 0
        os.close(inside)
        yield "br7"
    finally:
        assert libc.setns(before, _CLONE_NEWNET) == 0
        os.close(before)
        subprocess.run(["ip", "netns", "delete", name], check=True)


class BridgeBench(QemuBench):
    """Guests on the bridge, with addresses of their own."""

    def nic(self, name: str) -> Nic:
        return replace(super().nic(name), bridge="br7", forwards=())

    def addresses(self, name: str) -> tuple[str, ...]:
        return (f"--ipv4={self.address(name)}/24",)

    def address(self, name: str) -> str:
        return f"10.88.7.{20 + int(name[-1])}"

    def get(self, spec: GuestSpec) -> bytes:
        return wait_http(80, deadline=120, host=self.address(spec.name)).body


@pytest.fixture
def bridged(network: str, tmp_path: Path, build: Callable[..., Built]) -> Iterator[BridgeBench]:
    with closing(BridgeBench(tmp_path / "guests", build("-t", "virtio"))) as bench:
        yield bench
        for name in (NAME, f"{NAME}2"):
            bench.driver.destroy(name)
            assert bench.leftovers(name) == []


def test_guests_on_a_bridge_answer_and_their_traffic_is_counted(bridged: BridgeBench) -> None:
    first = bridged.spec(NAME, "--do=serve")
    second = bridged.spec(f"{NAME}2", "--do=serve")
    for spec in (first, second):
        bridged.driver.start(spec)
    assert [bridged.get(spec) for spec in (first, second)] == [b"hello", b"hello"]
    statistics = bridged.driver.statistics(NAME)
    assert statistics.received
    assert statistics.sent
    links = subprocess.run(["ip", "link"], capture_output=True, text=True, check=True).stdout
    assert f"fata:{first.directory}"[:60] in links
    assert bridged.driver.stop(NAME, 20).code == 130
    assert bridged.leftovers(NAME) == []


def test_no_interface_outlives_what_is_killed(bridged: BridgeBench) -> None:
    spec = bridged.spec(NAME, "--do=serve")
    bridged.driver.start(spec)
    assert "interface" in bridged.leftovers(NAME)
    processes = find(spec.directory)
    assert processes.keeper
    assert processes.hypervisor
    processes.keeper.send(signal.SIGKILL)
    assert processes.hypervisor.wait(60)
    deadline = time.monotonic() + 120
    while "interface" in bridged.leftovers(NAME):
        assert time.monotonic() < deadline
    bridged.driver.start(spec)
    assert bridged.get(spec) == b"hello"
