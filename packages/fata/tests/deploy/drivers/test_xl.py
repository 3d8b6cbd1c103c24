"""The driver `xl` keeps the protocol, on a real Xen: a lab of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import xlcfg
from fata import lab as labs
from fata.deploy.drivers.driver import Driver, State
from fata.deploy.drivers.processes import XL_KEEPER, find
from fata.deploy.drivers.spec import (
    Disk,
    GuestSpec,
    Limits,
    MacPrefix,
    Nic,
    OnCrash,
    XenType,
    deterministic_mac,
)
from fata.deploy.drivers.xen_domain import domain, identity
from fata.deploy.drivers.xen_site import InLab
from fata.deploy.drivers.xl import Xl
from fata.exit_codes import NO_OUTCOME
from fata.lab import Forward, Lab
from fata.qemu.wait import wait_http
from fata.xen.toolstack import Toolstack
from functoria.error import UserError

from .conformance_keepers import Outlived
from .conftest import Built

LAB = "test-xl"
_FOREIGN = 'name = "foreign"\ntype = "pv"\nkernel = "{kernel}"\nmemory = 96\n'


@pytest.fixture(scope="module")
def host() -> Iterator[Lab]:
    """A Xen host of our own, ended with the last test."""
    yield labs.ensure(LAB)
    labs.reset(LAB)


class XlBench:
    """Guests of a lab, on its bridge. They are PV: under emulation those start sooner."""

    def __init__(self, guests: Path, built: Built, host: Lab, kind: XenType) -> None:
        self.guests = guests
        self.built = built
        self.host = host
        self.kind = kind
        self.toolstack = Toolstack(host)
        self.driver: Driver = Xl(guests, InLab(LAB))

    def again(self) -> Driver:
        return Xl(self.guests, InLab(LAB))

    def spec(self, name: str, *arguments: str) -> GuestSpec:
        mac = deterministic_mac(name, "test", "net", "a", MacPrefix.XEN)
        words = (f"--ipv4={self.address(name)}/24", "--ipv6=none", *arguments)
        image = self.built.manifest.image
        assert image is not None
        return GuestSpec(
            name,
            self.guests / name,
            self.built.kernel,
            self.built.initramfs,
            # Without `loglevel=3` a kernel that is not `quiet` says all, as the tests expect.
            " ".join(
                (
                    image.command_line.replace(" loglevel=3", ""),
                    *(f"fata.arg={word}" for word in words),
                )
            ),
            128,
            nics=(Nic("net", mac, labs.BRIDGE),),
            xen=self.kind,
        )

    def address(self, name: str) -> str:
        return f"10.0.2.{100 + int(name.rpartition('.g')[2])}"

    def get(self, spec: GuestSpec) -> bytes:
        forward = self.host.publish(Forward(0, self.address(spec.name), 80))
        try:
            return wait_http(forward.host, "/", 240).body
        finally:
            self.host.withdraw(forward)

    def kill(self, name: str) -> None:
        self.host.run(["xl", "destroy", name])

    def foreign(self) -> str:
        kernel = f"/root/{self.built.kernel.name}"
        file = self.guests.parent / "foreign.xl"
        file.write_text(_FOREIGN.format(kernel=kernel))
        self.host.copy({kernel: self.built.kernel, "/root/foreign.xl": file})
        self.toolstack.create("/root/foreign.xl", paused=True)
        return "foreign"

    def leftovers(self, name: str) -> list[str]:
        # Xen's scripts let go of loop devices a while after the domain is gone.
        deadline = time.monotonic() + 120
        while (left := self._left(name)) == ["loop devices"] and time.monotonic() < deadline:
            time.sleep(0.5)
        return left

    def _left(self, name: str) -> list[str]:
        there = {
            "keeper": find(self.guests / name, XL_KEEPER).keeper,
            "domain": self.toolstack.find(name),
            "files": self.host.run(["ls", f"/root/guests{self.guests}/{name}"], check=False).out,
            "loop devices": self.host.run(["losetup", "-a"]).out,
        }
        return [what for what, found in there.items() if found]

    def close(self) -> None:
        self.toolstack.destroy("foreign")


@pytest.mark.xdist_group("xl")
@pytest.mark.timeout(900)
class TestXl(Outlived):
    """On the lab's bridge."""

    label = XL_KEEPER
    gapless = False
    patience = 240.0

    @pytest.fixture
    def bench(self, tmp_path: Path, build: Callable[..., Built], host: Lab) -> Iterator[XlBench]:
        made = XlBench(tmp_path / "guests", build("-t", "xen"), host, XenType.PV)
        yield made
        made.close()

    def test_a_guest_that_is_pvh(self, bench: XlBench, make: Callable[..., GuestSpec]) -> None:
        spec = replace(make("--do=exit", "--number=9"), xen=XenType.PVH)
        bench.driver.start(spec)
        assert self.ended(bench, spec).code == 9

    def test_a_crash_is_told_and_its_domain_kept_if_so_asked(
        self, bench: XlBench, make: Callable[..., GuestSpec]
    ) -> None:
        spec = make("--do=exit")
        broken = spec.command_line.replace("rdinit=/usr", "rdinit=/none")
        spec = replace(spec, command_line=broken, on_crash=OnCrash.PRESERVE)
        bench.driver.start(spec)
        outcome = self.ended(bench, spec)
        assert (outcome.code, outcome.state) == (NO_OUTCOME, State.CRASHED)
        assert outcome.reason.endswith(", and its domain is kept for a look at it")
        assert "kernel found no program" in outcome.reason
        assert "Kernel panic" in self.console(bench, spec)
        found = self.found(bench, spec)
        assert (found.state, found.remark[:19]) == (State.CRASHED, "its domain is kept ")
        assert found.number is not None

    def test_disks_and_vifs_are_counted(
        self, bench: XlBench, make: Callable[..., GuestSpec], tmp_path: Path
    ) -> None:
        disk = tmp_path / "disk.img"
        with disk.open("wb") as file:
            file.truncate(1 << 20)
        spec = replace(make("--do=serve"), disks=(Disk("data", disk, vdev="xvda"),))
        bench.driver.start(spec)
        assert bench.get(spec) == b"hello"
        used = bench.driver.statistics(spec.name)
        assert used.memory == 128 << 20
        assert (used.received or 0) > 100
        assert (used.sent or 0) > 100
        assert used.read is not None


SPEC = GuestSpec(
    "website.production.g7",
    Path("/guests/website.production.g7"),
    Path("/blobs/kernel"),
    Path("/blobs/initramfs"),
    "console=hvc0 fata.arg=--port=80",
    64,
    nics=(Nic("net", "00:16:3e:00:00:01", "br0"),),
    disks=(Disk("data", Path("/volumes/data.img"), vdev="xvda"),),
    limits=Limits(cpu=0.5),
    on_crash=OnCrash.PRESERVE,
)


def test_a_specification_is_a_configuration_of_xl() -> None:
    text = domain(SPEC).render()
    assert xlcfg.check_text(text) == []
    values = xlcfg.values(xlcfg.parse(text))
    assert values["name"] == SPEC.name
    assert values["uuid"] == identity(SPEC.directory)
    assert values["cmdline"] == SPEC.command_line
    assert (values["cap"], values["on_crash"], values["on_reboot"]) == ("50", "preserve", "destroy")
    assert values["vif"] == ["mac=00:16:3e:00:00:01,bridge=br0"]
    assert values["disk"] == ["format=raw, vdev=xvda, access=rw, target=/volumes/data.img"]


def test_the_identity_of_a_guest_is_that_of_its_directory() -> None:
    assert identity(SPEC.directory) == identity(Path("/guests/website.production.g7"))
    assert identity(SPEC.directory) != identity(Path("/others/website.production.g7"))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"limits": Limits(io=1 << 20)}, "Xen cannot limit what a guest reads from disks"),
        ({"limits": Limits(memory=32)}, "cannot be kept within 32 MiB"),
        ({"nics": (Nic("net", "00:16:3e:00:00:01"),)}, "`net` is on no bridge"),
    ],
)
def test_what_xen_does_not_have_is_refused(
    tmp_path: Path, change: dict[str, object], what: str
) -> None:
    (tmp_path / "kernel").write_bytes(b"\x7fELF".ljust(64, b"\0"))
    spec = replace(
        SPEC,
        directory=tmp_path / SPEC.name,
        kernel=tmp_path / "kernel",
        initramfs=None,
        disks=(),
        **change,  # type: ignore[arg-type]
    )
    with pytest.raises(UserError, match=what):
        Xl(tmp_path).check(spec)


def test_a_command_line_that_xen_would_cut_is_refused() -> None:
    with pytest.raises(UserError, match="a guest of the type pv reads 1023"):
        domain(replace(SPEC, command_line="x" * 1024, xen=XenType.PV))
