"""The driver `libvirt` keeps the protocol, on a daemon of its own in namespaces of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fata.deploy.drivers.directory import read_spec
from fata.deploy.drivers.driver import Driver
from fata.deploy.drivers.libvirt import Libvirt, domain
from fata.deploy.drivers.libvirt_keeper import LOG, LibvirtKeeper
from fata.deploy.drivers.processes import LIBVIRT_KEEPER, find
from fata.deploy.drivers.spec import GuestSpec, Limits, Nic, deterministic_mac
from fata.deploy.drivers.virsh import Virsh
from fata.qemu.libvirt import domain_xml
from fata.qemu.machine import Machine
from fata.qemu.publish import Publish
from functoria.error import UserError

from .conformance_keepers import Outlived
from .conformance_limits import Throttled
from .conftest import Built

_SCRIPT = """\
set -eu
ip link set lo up
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var
mount -t tmpfs tmpfs /etc/libvirt
mkdir -p /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt/qemu
ln -s /run /var/run
cp "$1/qemu.conf" /etc/libvirt
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
virtlogd -d
libvirtd &
wait $!
"""
_CONF = """\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
"""
_ASK = """\
import sys
from fata.qemu.wait import wait_http
sys.stdout.buffer.write(wait_http(int(sys.argv[1]), "/", 120).body)
"""
_FOREIGN = """\
<domain type="qemu"><name>foreign</name><memory unit="MiB">16</memory>
<os><type arch="x86_64" machine="q35">hvm</type></os></domain>
"""


class Daemon:
    """libvirt's daemon in namespaces of its own; it ends, with its guests, when it is closed."""

    def __init__(self, directory: Path) -> None:
        for name, more in (
            ("passwd", "libvirt-qemu:x:64055:64055::/:/bin/false\n"),
            ("group", "libvirt-qemu:x:64055:\nkvm:x:64056:\n"),
        ):
            (directory / name).write_text(Path("/etc", name).read_text() + more)
        (directory / "qemu.conf").write_text(_CONF)
        self._log = directory / "libvirtd.log"
        own = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*own, "sh", "-c", _SCRIPT, "sh", str(directory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        deadline = time.monotonic() + 120
        while True:
            try:
                Virsh(self.uri).domains()
                return
            except (UserError, IndexError):
                assert self._process.poll() is None, self._log.read_text()
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.1)

    @property
    def first(self) -> int:
        """The first process in there."""
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    @property
    def uri(self) -> str:
        return f"qemu:///system?socket=/proc/{self.first}/root/run/libvirt/libvirt-sock"

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    if os.geteuid() != 0:
        pytest.fail("libvirt's system daemon needs root: run the tests as root")
    made = Daemon(tmp_path_factory.mktemp("libvirt"))
    try:
        made.wait()
        yield made
    finally:
        made.close()


class LibvirtBench:
    """Guests of that daemon, on user-mode networks."""

    def __init__(self, guests: Path, built: Built, daemon: Daemon) -> None:
        self.guests = guests
        self.built = built
        self.daemon = daemon
        self.virsh = Virsh(daemon.uri)
        self.driver: Driver = Libvirt(guests, daemon.uri)

    def again(self) -> Driver:
        return Libvirt(self.guests, self.daemon.uri)

    def spec(self, name: str, *arguments: str) -> GuestSpec:
        mac = deterministic_mac(name, "test", "net", "a")
        nic = Nic("net", mac, forwards=(Publish("127.0.0.1", 0, 80),))
        addresses = ("--ipv4=10.0.2.15/24", "--ipv4-gateway=10.0.2.2")
        words = self.built.command_line(
            f"fata.nic=net,{mac}", arguments=(*addresses, *arguments), machine="q35"
        )
        return GuestSpec(
            name,
            self.guests / name,
            self.built.kernel,
            self.built.initramfs,
            words,
            64,
            nics=(nic,),
            machine=Machine.Q35,
        )

    def get(self, spec: GuestSpec) -> bytes:
        (port,) = read_spec(spec.directory).nics[0].forwards
        inside = ("nsenter", "-t", str(self.daemon.first), "-n")
        command = [*inside, sys.executable, "-c", _ASK, str(port.host)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=160).stdout

    def kill(self, name: str) -> None:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            words = entry.read_bytes().split(b"\0") if entry.exists() else []
            if f"guest={name},debug-threads=on".encode() in words:
                os.kill(int(entry.parent.name), signal.SIGKILL)
                return
        raise AssertionError("it does not run")

    def foreign(self) -> str:
        file = self.guests.parent / "foreign.xml"
        file.write_text(_FOREIGN)
        self.virsh.run("create", str(file))
        return "foreign"

    def leftovers(self, name: str) -> list[str]:
        keeper = find(self.guests / name, LIBVIRT_KEEPER).keeper
        there = name in self.virsh.domains()
        return [what for what, is_there in (("keeper", keeper), ("domain", there)) if is_there]

    def close(self) -> None:
        if "foreign" in self.virsh.domains():
            self.virsh.run("destroy", "foreign")


class TestLibvirt(Outlived, Throttled):
    """On user-mode networks."""

    label = LIBVIRT_KEEPER

    @pytest.fixture
    def bench(
        self, tmp_path: Path, build: Callable[..., Built], daemon: Daemon
    ) -> Iterator[LibvirtBench]:
        made = LibvirtBench(tmp_path / "guests", build("-t", "virtio"), daemon)
        yield made
        made.close()

    def test_nothing_stays_defined(
        self, bench: LibvirtBench, make: Callable[..., GuestSpec]
    ) -> None:
        spec = make("--do=exit")
        bench.driver.start(spec)
        self.ended(bench, spec)
        assert bench.virsh.domains() == ()

    def test_microvm_is_not_libvirts(self, bench: LibvirtBench) -> None:
        spec = replace(bench.spec("behave.test.g1"), machine=Machine.MICROVM)
        with pytest.raises(UserError, match="libvirt has no machine `microvm`"):
            bench.driver.check(spec)


def test_what_a_terminal_lost_is_read_from_the_log_of_libvirt(tmp_path: Path) -> None:
    """What nobody has read yet of a terminal is gone when its other end closes, as QEMU ends."""
    directory = tmp_path / "a.b.g1"
    directory.mkdir()
    spec = GuestSpec("a.b.g1", directory, Path("/kernel"), None, "", 64, machine=Machine.Q35)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        keeper = LibvirtKeeper(spec, Virsh("test:///default"), ours)
        keeper._feed(b"hello\r\nfata: e")
        (directory / LOG).write_bytes(b"hello\r\nfata: exit 3\r\n")
        keeper._take_what_is_lost()
    assert keeper._recorder.reading.verdict is not None
    assert keeper._recorder.reading.verdict.code == 3
    assert [path.name for path in directory.iterdir()] == ["console"]


def test_limits_and_label_are_the_domains(tmp_path: Path) -> None:
    name = "website.production.g7"
    spec = GuestSpec(
        name,
        tmp_path / name,
        Path("/blobs/kernel"),
        Path("/blobs/initramfs"),
        "console=ttyS0",
        64,
        nics=(Nic("net", "52:54:00:00:00:01", "br0"),),
        machine=Machine.Q35,
        limits=Limits(0.5, 256),
    )
    text = domain_xml(domain(spec))
    assert "<global_quota>50000</global_quota>" in text
    assert '<hard_limit unit="MiB">256</hard_limit>' in text
    assert f'directory="{tmp_path / name}"' in text
    assert '<source bridge="br0" />' in text
    assert '<serial type="pty">' in text
