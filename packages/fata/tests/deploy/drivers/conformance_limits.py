"""What drivers do that can limit how much a guest reads and writes, as tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fata.deploy.drivers.spec import Disk, GuestSpec, Limits

from .conformance import Bench, Conformance
from .conftest import MOVER, Built

_KIBIBYTES = 1024  # read, and as many written
_RATE = 256  # KiB per second


class Throttled(Conformance):
    """The suite for them."""

    def test_a_guest_reads_and_writes_no_more_than_its_share(
        self,
        bench: Bench,
        make: Callable[..., GuestSpec],
        build: Callable[..., Built],
        tmp_path: Path,
    ) -> None:
        disk = tmp_path / "data.img"
        disk.write_bytes(bytes(4 << 20))
        spec = mover(make(), build("-t", "virtio", guest=MOVER), disk)
        spec = replace(spec, limits=Limits(io=_RATE * 1024))
        bench.driver.start(spec)
        assert self.ended(bench, spec).code == 0
        match = re.search(r"moved (\d+) KiB in ([\d.]+) s", self.console(bench, spec))
        assert match is not None
        moved, seconds = int(match[1]), float(match[2])
        assert moved == 2 * _KIBIBYTES
        # A limit is paid for afterwards: the last of the requests costs nothing.
        assert seconds >= 0.9 * moved / _RATE


def mover(spec: GuestSpec, built: Built, disk: Path) -> GuestSpec:
    """`mover(spec, built, disk)` is the guest that moves what is on that disk, as `data`."""
    arguments = (f"--kibibytes={_KIBIBYTES}",)
    return replace(
        spec,
        kernel=built.kernel,
        initramfs=built.initramfs,
        command_line=built.command_line(arguments=arguments, machine=spec.machine.value),
        nics=(),
        disks=(Disk("data", disk, serial="data"),),
    )
