"""What drivers do whose guests are Xen's, as tests, and the bench for them: a lab."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fata import lab as labs
from fata.deploy.drivers.driver import Driver, State
from fata.deploy.drivers.processes import find
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
from fata.exit_codes import NO_OUTCOME
from fata.lab import Forward, Lab
from fata.qemu.wait import wait_http
from fata.xen.toolstack import Toolstack

from .conformance_keepers import Outlived
from .conftest import MOVER, Built

FOREIGN = 'name = "foreign"\ntype = "pv"\nkernel = "{kernel}"\nmemory = 96\n'
_PIECE = 64 << 10  # bytes that the mover turns round at once
_MOVED = 4 * _PIECE


class XenBench:
    """Guests of a lab, on its bridge. They are PV: under emulation those start sooner."""

    def __init__(
        self, guests: Path, built: Built, host: Lab, label: str, made: Callable[[Path], Driver]
    ) -> None:
        self.guests = guests
        self.built = built
        self.host = host
        self.label = label
        self.toolstack = Toolstack(host)
        self.again: Callable[[], Driver] = lambda: made(guests)
        self.driver: Driver = made(guests)

    def spec(self, name: str, *arguments: str) -> GuestSpec:
        mac = deterministic_mac(name, "test", "net", "a", MacPrefix.XEN)
        words = (f"--ipv4={self.address(name)}/24", "--ipv6=none", *arguments)
        return GuestSpec(
            name,
            self.guests / name,
            self.built.kernel,
            self.built.initramfs,
            told(self.built, *words),
            128,
            nics=(Nic("net", mac, labs.BRIDGE),),
            xen=XenType.PV,
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
        file.write_text(FOREIGN.format(kernel=kernel))
        self.host.copy({kernel: self.built.kernel, "/root/foreign.xl": file})
        self.toolstack.create("/root/foreign.xl", paused=True)
        return "foreign"

    def leftovers(self, name: str) -> list[str]:
        # Xen's scripts let go of loop devices a while after the domain is gone.
        deadline = time.monotonic() + 120
        while (left := self.left(name)) == ["loop devices"] and time.monotonic() < deadline:
            time.sleep(0.5)
        return left

    def left(self, name: str) -> list[str]:
        there = {
            "keeper": find(self.guests / name, self.label).keeper,
            "domain": self.toolstack.find(name),
            "files": self.host.run(["ls", self.there(self.guests / name)], check=False).out,
            "loop devices": self.host.run(["losetup", "-a"]).out,
        }
        return [what for what, found in there.items() if found]

    def there(self, path: Path) -> str:
        """What a file of ours is called in the lab."""
        return f"/root/guests{path}"

    def close(self) -> None:
        self.toolstack.destroy("foreign")


class OnXen(Outlived):
    """The suite for them."""

    gapless = False
    patience = 240.0

    def test_a_guest_that_is_pvh(self, bench: XenBench, make: Callable[..., GuestSpec]) -> None:
        spec = replace(make("--do=exit", "--number=9"), xen=XenType.PVH)
        bench.driver.start(spec)
        assert self.ended(bench, spec).code == 9

    def test_a_crash_is_told_and_its_domain_kept_if_so_asked(
        self, bench: XenBench, make: Callable[..., GuestSpec]
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

    def test_disks_and_vifs_are_counted_and_processors_capped(
        self, bench: XenBench, make: Callable[..., GuestSpec], tmp_path: Path
    ) -> None:
        disk = tmp_path / "disk.img"
        with disk.open("wb") as file:
            file.truncate(1 << 20)
        disks = (Disk("data", disk, vdev="xvda"),)
        spec = replace(make("--do=serve"), disks=disks, limits=Limits(cpu=0.75))
        bench.driver.start(spec)
        assert bench.get(spec) == b"hello"
        used = bench.driver.statistics(spec.name)
        assert used.memory == 128 << 20
        assert (used.received or 0) > 100
        assert (used.sent or 0) > 100
        assert used.read is not None
        (row,) = (row for row in self.scheduled(bench) if row[0] == spec.name)
        assert row[-1] == "75"

    def test_a_disk_is_written_unless_it_may_only_be_read(
        self,
        bench: XenBench,
        make: Callable[..., GuestSpec],
        build: Callable[..., Built],
        tmp_path: Path,
    ) -> None:
        guest = build("-t", "xen", guest=MOVER)
        content = hashlib.shake_128(b"disk").digest(4 << 20)
        writable, fixed = tmp_path / "writable.img", tmp_path / "fixed.img"
        for path in (writable, fixed):
            path.write_bytes(content)
        good = moving(make(), guest, Disk("data", writable, vdev="xvda"))
        bad = moving(make(), guest, Disk("data", fixed, vdev="xvda", read_only=True))
        for spec in (good, bad):
            bench.driver.start(spec)
        assert self.ended(bench, good).code == 0
        assert self.ended(bench, bad).code == 70
        turned = b"".join(content[at : at + _PIECE][::-1] for at in range(0, _MOVED, _PIECE))
        assert self.read(bench, writable) == turned + content[_MOVED:]
        assert self.read(bench, fixed) == content

    def scheduled(self, bench: XenBench) -> list[list[str]]:
        """The domains as Xen's scheduler has them: name, number, weight, cap."""
        said = bench.host.run(["xl", "sched-credit2"]).out.decode()
        return [row for line in said.splitlines() if (row := line.split())]

    def read(self, bench: XenBench, path: Path) -> bytes:
        return bench.host.run(["cat", bench.there(path)]).out


def told(built: Built, *arguments: str) -> str:
    """What the kernel of a guest of Xen is told."""
    image = built.manifest.image
    assert image is not None
    # Without `loglevel=3` a kernel that is not `quiet` says all, as the tests expect.
    own = image.command_line.replace(" loglevel=3", "")
    return " ".join((own, *(f"fata.arg={word}" for word in arguments)))


def moving(spec: GuestSpec, built: Built, disk: Disk) -> GuestSpec:
    """The guest that turns round what is on that disk."""
    return replace(
        spec,
        kernel=built.kernel,
        initramfs=built.initramfs,
        command_line=told(built, f"--kibibytes={_MOVED >> 10}"),
        nics=(),
        disks=(disk,),
    )
