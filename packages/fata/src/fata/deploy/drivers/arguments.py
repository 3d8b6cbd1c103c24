"""The command line of a guest's QEMU: that of `fata run`, with what a host needs beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.drivers.processes import HYPERVISOR
from fata.deploy.drivers.spec import GuestSpec, Nic
from fata.qemu.machine import (
    PROGRAM,
    Disk,
    Guest,
    Inherited,
    TapNic,
    UserNic,
    command,
    escaped,
)

_NULL = Path("/dev/null")


@dataclass(frozen=True, slots=True)
class Descriptors:
    """`Descriptors(...)` is the numbers of what QEMU inherits open.

    So it needs no right to anything on the host. `taps` has a number for each vif on a bridge, by
    its position, and `disks` one for each disk. `qmp` is a listening Unix socket.
    """

    console: int
    qmp: int
    kernel: int
    initramfs: int | None = None
    disks: tuple[int, ...] = ()
    taps: tuple[tuple[int, int], ...] = ()

    @property
    def all(self) -> tuple[int, ...]:
        """Every number, sorted."""
        initramfs = () if self.initramfs is None else (self.initramfs,)
        taps = (number for _, number in self.taps)
        return tuple(sorted((self.console, self.qmp, self.kernel, *initramfs, *self.disks, *taps)))


def guest(spec: GuestSpec) -> Guest:
    """`guest(spec)` is the VM as `fata run` would have it, with the files that it is made of."""
    return Guest(
        kernel=spec.kernel,
        initramfs=spec.initramfs,
        cmdline=spec.command_line,
        memory=spec.memory,
        vcpus=spec.vcpus,
        machine=spec.machine,
        machine_options=spec.machine_options,
        nics=tuple(_nic(nic) for nic in spec.nics),
        disks=tuple(
            Disk(disk.path, disk.read_only, serial=disk.serial, sector_size=disk.sector_size)
            for disk in spec.disks
        ),
    )


def arguments(
    spec: GuestSpec, descriptors: Descriptors, program: str = PROGRAM, tsc_khz: int | None = None
) -> tuple[str, ...]:
    """`arguments(spec, descriptors)` is the command line, which names no file of the host.

    The console goes to the keeper alone: the file that keeps it is bounded, as QEMU's is not.
    """
    made = guest(spec)
    number = descriptors.initramfs
    inherited = Guest(
        kernel=_path(descriptors.kernel),
        initramfs=None if number is None else _path(number),
        cmdline=made.cmdline,
        memory=made.memory,
        vcpus=made.vcpus,
        machine=made.machine,
        machine_options=made.machine_options,
        nics=made.nics,
        disks=tuple(
            Disk(
                Path(f"/dev/fdset/{index}"),
                disk.read_only,
                serial=disk.serial,
                sector_size=disk.sector_size,
            )
            for index, disk in enumerate(made.disks)
        ),
    )
    console = Inherited(descriptors.console)
    words = command(inherited, spec.accelerator, console, _NULL, None, program, tsc_khz)
    taps = {f"net{position}": number for position, number in descriptors.taps}
    return (
        words[0],
        *("-name", f"{HYPERVISOR}{escaped(spec.directory)}"),
        *_fdsets(descriptors.disks),
        *_adapted(words[1:], taps, spec.limits.io is not None),
        *("-chardev", f"socket,id=qmp,fd={descriptors.qmp},server=on,wait=off"),
        *("-mon", "chardev=qmp,mode=control"),
        *_throttles(spec),
    )


def _nic(nic: Nic) -> UserNic | TapNic:
    if nic.bridge is not None:
        return TapNic(nic.mac, nic.bridge)
    return UserNic(nic.mac, nic.forwards, nic.restrict, nic.subnet)


def _path(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}")


def _fdsets(disks: Sequence[int]) -> tuple[str, ...]:
    words: list[str] = []
    for index, number in enumerate(disks):
        words += ("-add-fd", f"fd={number},set={index}")
    return tuple(words)


def _adapted(words: Sequence[str], taps: dict[str, int], limited: bool) -> list[str]:
    """Vifs on bridges by their descriptors, and disks behind their limits."""
    found = []
    for word in words:
        head, _, rest = word.partition(",")
        name = rest.partition(",")[0].removeprefix("id=")
        if head == "tap" and name in taps:
            found.append(f"tap,id={name},fd={taps[name]}")
        elif limited and head.startswith("virtio-blk-") and rest.startswith("drive=disk"):
            found.append(f"{head},drive=limited{rest.removeprefix('drive=')}")
        else:
            found.append(word)
    return found


def _throttles(spec: GuestSpec) -> tuple[str, ...]:
    """A group and a filter for each disk (QEMU, `docs/throttle.txt`)."""
    if spec.limits.io is None:
        return ()
    words: list[str] = []
    for index in range(len(spec.disks)):
        group = f"throttle-group,id=limit{index},x-bps-total={spec.limits.io}"
        node = f"driver=throttle,node-name=limiteddisk{index}"
        words += ("-object", group)
        words += ("-blockdev", f"{node},throttle-group=limit{index},file=disk{index}")
    return tuple(words)
