"""The machine a guest sees, and the QEMU command line that makes it. Nothing here has effects."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fata.qemu.publish import Publish

PROGRAM = "qemu-system-x86_64"


class Machine(StrEnum):
    """The board: `microvm` has virtio-mmio and no PCI and starts fastest; `q35` is a whole PC."""

    MICROVM = "microvm"
    Q35 = "q35"


class Accelerator(StrEnum):
    """What executes the guest's instructions: the processor (`kvm`) or an emulator (`tcg`)."""

    KVM = "kvm"
    TCG = "tcg"


class DiskFormat(StrEnum):
    """How the bytes of a disk file are laid out; never guessed from its contents."""

    RAW = "raw"
    QCOW2 = "qcow2"


@dataclass(frozen=True, slots=True)
class Disk:
    """`Disk(path, ...)` is a file that the guest sees as a virtio block device, in list order.

    `serial`, 20 bytes at most, is how the guest knows which it is. `sector_size` is in bytes.
    """

    path: Path
    read_only: bool = False
    format: DiskFormat = DiskFormat.RAW
    serial: str = ""
    sector_size: int = 512


@dataclass(frozen=True, slots=True)
class UserNic:
    """`UserNic(mac, publish, restrict)` is a vif behind QEMU's user-mode network.

    The guest is 10.0.`subnet`.15/24, its router 10.0.`subnet`.2, its resolver 10.0.`subnet`.3.
    Only the ports in `publish` lead in. `restrict` cuts the guest off from this machine and from
    the outside; published ports still work.
    """

    mac: str
    publish: tuple[Publish, ...] = ()
    restrict: bool = False
    subnet: int = 2

    @property
    def address(self) -> str:
        """What the network's DHCP server grants the guest."""
        return f"10.0.{self.subnet}.15/24"

    @property
    def gateway(self) -> str:
        """The router, which is this machine."""
        return f"10.0.{self.subnet}.2"

    @property
    def resolver(self) -> str:
        """The name server."""
        return f"10.0.{self.subnet}.3"


@dataclass(frozen=True, slots=True)
class TapNic:
    """`TapNic(mac, interface)` is a vif on an existing TAP device of this machine."""

    mac: str
    interface: str


@dataclass(frozen=True, slots=True)
class Guest:
    """`Guest(kernel, ...)` is everything that decides what a VM is, except where it runs.

    `memory` is in MiB. `cmdline` is the kernel command line, complete. Vifs and disks appear in
    the guest in the order given. `machine_options` are those that the kernel wants instead of the
    usual ones. `sandbox` puts QEMU itself under seccomp filters.
    """

    kernel: Path
    initramfs: Path | None = None
    cmdline: str = ""
    memory: int = 128
    vcpus: int = 1
    machine: Machine = Machine.MICROVM
    machine_options: tuple[str, ...] | None = None
    nics: tuple[UserNic | TapNic, ...] = ()
    disks: tuple[Disk, ...] = ()
    entropy: bool = False
    sandbox: bool = True


@dataclass(frozen=True, slots=True)
class Inherited:
    """`Inherited(fd)` is one end of a socket pair that QEMU inherits under the number `fd`."""

    fd: int


@dataclass(frozen=True, slots=True)
class Listening:
    """`Listening(path)` is a Unix socket that QEMU makes at `path`, in a folder only we enter."""

    path: Path


Channel = Inherited | Listening


def command(
    guest: Guest,
    accelerator: Accelerator,
    console: Channel | None,
    log: Path,
    qmp: Channel | None = None,
    program: str = PROGRAM,
    tsc_khz: int | None = None,
) -> tuple[str, ...]:
    """`command(guest, accelerator, console, log, qmp)` is the argument list that runs `guest`.

    QEMU itself writes the serial console to `log`, from the first byte, and joins it to
    `console` where one is given. There is no monitor but QMP on `qmp`. The kernel command line
    begins with `timer_words(guest, accelerator, tsc_khz)`.
    """
    return (
        program,
        *("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"),
        *("-machine", _machine(guest)),
        *("-accel", accelerator.value),
        *("-cpu", "host" if accelerator is Accelerator.KVM else "max"),
        *("-smp", str(guest.vcpus)),
        *("-m", str(guest.memory)),
        *sandbox(guest.sandbox),
        *("-chardev", _console(console, log), "-serial", "chardev:console"),
        *_qmp(qmp),
        *_disks(guest),
        *_nics(guest),
        *_entropy(guest),
        *("-kernel", os.fspath(guest.kernel)),
        *(() if guest.initramfs is None else ("-initrd", os.fspath(guest.initramfs))),
        *("-append", " ".join((*timer_words(guest, accelerator, tsc_khz), guest.cmdline))),
    )


def timer_words(
    guest: Guest, accelerator: Accelerator, tsc_khz: int | None = None
) -> tuple[str, ...]:
    """`timer_words(guest, accelerator, tsc_khz)` tell an emulated kernel what it cannot measure.

    Without them it spends 0.25 s on the local APIC's timer and 0.05 s on the time stamp
    counter, `tsc_khz` of the host, and never trusts the latter enough for timers finer than a
    tick. Sources: Linux, `kernel-parameters.txt`; `arch/x86/kernel/apic/apic.c`.
    """
    if accelerator is Accelerator.KVM:
        return ()
    return (
        *(("noapictimer",) if guest.vcpus == 1 else ()),
        "tsc=nowatchdog",
        *(() if tsc_khz is None else (f"tsc_early_khz={tsc_khz}",)),
    )


def escaped(value: str | os.PathLike[str]) -> str:
    """`escaped(value)` is `value` inside a list of QEMU options: each comma doubled."""
    return os.fspath(value).replace(",", ",,")


def _machine(guest: Guest) -> str:
    options = guest.machine_options
    if options is None:
        options = ("acpi=off", "rtc=on") if guest.machine is Machine.MICROVM else ()
    return ",".join((guest.machine.value, *options))


def sandbox(wanted: bool) -> tuple[str, ...]:
    """`sandbox(wanted)` puts QEMU itself under seccomp filters: it starts no program."""
    if not wanted:
        return ()
    return (
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    )


def _console(console: Channel | None, log: Path) -> str:
    if console is None:
        return f"file,id=console,path={escaped(log)}"
    return f"{_socket(console, 'console')},logfile={escaped(log)},logappend=off"


def _socket(channel: Channel, name: str) -> str:
    if isinstance(channel, Inherited):
        return f"socket,id={name},fd={channel.fd}"
    return f"socket,id={name},path={escaped(channel.path)},server=on,wait=off"


def _qmp(channel: Channel | None) -> tuple[str, ...]:
    if channel is None:
        return ()
    return ("-chardev", _socket(channel, "qmp"), "-mon", "chardev=qmp,mode=control")


def _disks(guest: Guest) -> tuple[str, ...]:
    device = "virtio-blk-device" if guest.machine is Machine.MICROVM else "virtio-blk-pci"
    arguments: list[str] = []
    for index, disk in enumerate(guest.disks):
        read_only = "on" if disk.read_only else "off"
        arguments += (
            "-blockdev",
            f"driver={disk.format},node-name=disk{index},read-only={read_only},"
            f"file.driver=file,file.filename={escaped(disk.path)}",
            "-device",
            f"{device},drive=disk{index}{_identity(disk)}",
        )
    return tuple(arguments)


def _identity(disk: Disk) -> str:
    serial = f",serial={escaped(disk.serial)}" if disk.serial else ""
    if disk.sector_size == 512:
        return serial
    size = disk.sector_size
    return f"{serial},logical_block_size={size},physical_block_size={size}"


def _nics(guest: Guest) -> tuple[str, ...]:
    # An empty `romfile` leaves out the network boot ROM that firmware would start first.
    device = (
        "virtio-net-device,netdev={0},mac={1}"
        if guest.machine is Machine.MICROVM
        else "virtio-net-pci,netdev={0},mac={1},romfile="
    )
    arguments: list[str] = []
    for index, nic in enumerate(guest.nics):
        name = f"net{index}"
        arguments += ("-netdev", netdev(nic, name), "-device", device.format(name, nic.mac))
    return tuple(arguments)


def netdev(nic: UserNic | TapNic, name: str) -> str:
    """`netdev(nic, name)` is what follows `-netdev`: the network that a vif is on."""
    if isinstance(nic, TapNic):
        return f"tap,id={name},ifname={escaped(nic.interface)},script=no,downscript=no"
    number = nic.subnet
    other = f",net=10.0.{number}.0/24,ipv6-net=fec0:0:0:{number:x}::/64"
    subnet = "" if number == 2 else other
    restrict = ",restrict=on" if nic.restrict else ""
    return f"user,id={name}{subnet}{restrict}" + "".join(
        f",hostfwd={port.protocol}:{port.address}:{port.host}-:{port.guest}" for port in nic.publish
    )


def _entropy(guest: Guest) -> tuple[str, ...]:
    if not guest.entropy:
        return ()
    device = "virtio-rng-device" if guest.machine is Machine.MICROVM else "virtio-rng-pci"
    return ("-object", "rng-builtin,id=entropy", "-device", f"{device},rng=entropy")
