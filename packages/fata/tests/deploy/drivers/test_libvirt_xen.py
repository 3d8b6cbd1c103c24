"""The driver `libvirt` on a Xen host keeps the protocol, on a real Xen: that of the lab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fata.deploy.drivers.driver import State
from fata.deploy.drivers.libvirt_manager import LibvirtManager
from fata.deploy.drivers.libvirt_xen import LibvirtXen
from fata.deploy.drivers.processes import LIBVIRT_XEN_KEEPER
from fata.deploy.drivers.spec import Disk, GuestSpec, Limits, Nic, OnCrash, XenType
from fata.deploy.drivers.virsh import Virsh
from fata.deploy.drivers.xen_domain import identity
from fata.deploy.drivers.xen_site import InLab, ThisHost
from fata.lab import Lab
from functoria.error import UserError

from . import lab_libvirt
from .conformance_xen import OnXen, XenBench
from .conftest import Built

_FOREIGN = """\
<domain type="xen"><name>{name}</name><memory unit="MiB">96</memory>
<os><type arch="x86_64" machine="xenpv">linux</type><kernel>{kernel}</kernel></os></domain>
"""


@pytest.fixture(scope="module")
def libvirt(host: Lab, tmp_path_factory: pytest.TempPathFactory) -> Virsh:
    return Virsh(lab_libvirt.install(host, tmp_path_factory.mktemp("libvirt")))


class LibvirtXenBench(XenBench):
    """Guests of the lab's libvirt."""

    def __init__(self, guests: Path, built: Built, host: Lab, virsh: Virsh) -> None:
        site = InLab(host.place.name)
        super().__init__(
            *(guests, built, host, LIBVIRT_XEN_KEEPER),
            lambda guests: LibvirtXen(guests, site, virsh.uri),
        )
        self.virsh = virsh

    def foreign(self) -> str:
        self.virsh.run("create", str(self.foreign_xml("foreign")), "--paused")
        return "foreign"

    def foreign_xml(self, name: str) -> Path:
        """A file that describes a domain of that name, which is not ours."""
        kernel = f"/root/{self.built.kernel.name}"
        file = self.guests.parent / "foreign.xml"
        file.write_text(_FOREIGN.format(name=name, kernel=kernel))
        self.host.copy({kernel: self.built.kernel})
        return file

    def left(self, name: str) -> list[str]:
        held = ["libvirt's domain"] if name in self.virsh.domains() else []
        return [*super().left(name), *held]

    def close(self) -> None:
        if "foreign" in self.virsh.domains():
            self.virsh.run("destroy", "foreign")


@pytest.mark.xdist_group("xl")
@pytest.mark.timeout(900)
class TestLibvirtXen(OnXen):
    """On the lab's bridge."""

    label = LIBVIRT_XEN_KEEPER

    @pytest.fixture
    def bench(
        self, tmp_path: Path, build: Callable[..., Built], host: Lab, libvirt: Virsh
    ) -> Iterator[LibvirtXenBench]:
        made = LibvirtXenBench(tmp_path / "guests", build("-t", "xen"), host, libvirt)
        yield made
        made.close()

    def test_a_name_that_libvirt_has_defined_is_refused(
        self, bench: LibvirtXenBench, make: Callable[..., GuestSpec]
    ) -> None:
        spec = make("--do=exit")
        bench.virsh.run("define", str(bench.foreign_xml(spec.name)))
        with pytest.raises(UserError, match="runs already"):
            bench.driver.check(spec)
        bench.driver.destroy(spec.name)
        assert spec.name in bench.virsh.domains()
        bench.virsh.run("undefine", spec.name)
        bench.driver.check(spec)

    def test_guests_outlive_libvirts_daemon_and_can_be_destroyed_without_it(
        self, bench: LibvirtXenBench, make: Callable[..., GuestSpec]
    ) -> None:
        first, second, third = make("--do=serve"), make("--do=serve"), make("--do=exit")
        for spec in (first, second):
            bench.driver.start(spec)
        lab_libvirt.kill(bench.host)
        try:
            assert bench.get(first) == b"hello"
            states = {found.name: found.state for found in bench.driver.list()}
            assert states == {first.name: State.RUNNING, second.name: State.RUNNING}
            with pytest.raises(UserError, match="libvirt does not answer"):
                bench.driver.check(third)
            bench.driver.destroy(first.name)
            assert bench.toolstack.find(first.name) is None
        finally:
            lab_libvirt.run(bench.host, bench.virsh.uri)
        assert bench.driver.stop(second.name, 60).code == 130
        bench.driver.start(bench.spec(first.name, "--do=exit", "--number=3"))
        assert self.ended(bench, first).code == 3


SPEC = GuestSpec(
    "website.production.g7",
    Path("/guests/website.production.g7"),
    Path("/blobs/kernel"),
    Path("/blobs/initramfs"),
    "console=hvc0 fata.arg=--port=80",
    64,
    vcpus=2,
    nics=(Nic("net", "00:16:3e:00:00:01", "br0"),),
    disks=(
        Disk("data", Path("/volumes/data.img"), vdev="xvda"),
        Disk("secrets", Path("/secrets/s.img"), vdev="xvdb", read_only=True),
    ),
    limits=Limits(cpu=0.5),
    on_crash=OnCrash.PRESERVE,
)


@pytest.mark.parametrize(
    ("kind", "machine", "system"),
    [(XenType.PV, "xenpv", "linux"), (XenType.PVH, "xenpvh", "xenpvh")],
)
def test_a_specification_is_a_domain_of_libvirts(kind: XenType, machine: str, system: str) -> None:
    text = LibvirtManager(ThisHost()).describe(replace(SPEC, xen=kind))
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert root.get("type") == "xen"
    assert root.findtext("name") == SPEC.name
    assert root.findtext("uuid") == identity(SPEC.directory, "libvirt")
    assert root.findtext("memory") == str(64 * 1024)
    assert root.findtext("vcpu") == "2"
    found = root.find("os/type")
    assert found is not None
    assert (found.get("machine"), found.text) == (machine, system)
    assert root.findtext("os/cmdline") == SPEC.command_line
    actions = [root.findtext(f"on_{event}") for event in ("poweroff", "reboot", "crash")]
    assert actions == ["destroy", "destroy", "preserve"]
    fixed = [disk.find("readonly") is not None for disk in root.iterfind("devices/disk")]
    assert fixed == [False, True]
    mac, bridge = root.find("devices/interface/mac"), root.find("devices/interface/source")
    assert mac is not None
    assert mac.get("address") == "00:16:3e:00:00:01"
    assert bridge is not None
    assert bridge.get("bridge") == "br0"


def test_guests_of_the_two_drivers_are_told_apart() -> None:
    assert identity(SPEC.directory, "libvirt") != identity(SPEC.directory)
