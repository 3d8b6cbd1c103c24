"""The command line of a guest's QEMU, word by word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fata.deploy.drivers.arguments import Descriptors, arguments
from fata.deploy.drivers.spec import Disk, GuestSpec, Limits, Nic
from fata.qemu.machine import Accelerator
from fata.qemu.publish import Publish

NAME = "website.production.g7"
SPEC = GuestSpec(
    NAME,
    Path("/var/lib/fata/guests") / NAME,
    Path("/var/lib/fata/store/blobs/aa"),
    Path("/var/lib/fata/store/blobs/bb"),
    "console=ttyS0",
    64,
    nics=(
        Nic("net", "52:54:00:00:00:01", forwards=(Publish("127.0.0.1", 8080, 80),), restrict=True),
        Nic("front", "52:54:00:00:00:02", "br0"),
    ),
    disks=(Disk("data", Path("/var/lib/fata/volumes/data.img"), serial="data"),),
    accelerator=Accelerator.KVM,
)
DESCRIPTORS = Descriptors(console=3, qmp=4, kernel=5, initramfs=6, disks=(7,), taps=((1, 8),))


def test_every_file_of_the_host_is_a_descriptor() -> None:
    assert arguments(SPEC, DESCRIPTORS) == (
        "qemu-system-x86_64",
        *("-name", f"fata-guest:/var/lib/fata/guests/{NAME}"),
        *("-add-fd", "fd=7,set=0"),
        *("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"),
        *("-machine", "microvm,acpi=off,rtc=on"),
        *("-accel", "kvm"),
        *("-cpu", "host"),
        *("-smp", "1"),
        *("-m", "64"),
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        "-chardev",
        "socket,id=console,fd=3,logfile=/dev/null,logappend=off",
        *("-serial", "chardev:console"),
        "-blockdev",
        "driver=raw,node-name=disk0,read-only=off,file.driver=file,file.filename=/dev/fdset/0",
        *("-device", "virtio-blk-device,drive=disk0,serial=data"),
        *("-netdev", "user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:8080-:80"),
        *("-device", "virtio-net-device,netdev=net0,mac=52:54:00:00:00:01"),
        *("-netdev", "tap,id=net1,fd=8"),
        *("-device", "virtio-net-device,netdev=net1,mac=52:54:00:00:00:02"),
        *("-kernel", "/proc/self/fd/5"),
        *("-initrd", "/proc/self/fd/6"),
        *("-append", "console=ttyS0"),
        *("-chardev", "socket,id=qmp,fd=4,server=on,wait=off"),
        *("-mon", "chardev=qmp,mode=control"),
    )


def test_limited_disks_are_behind_a_throttle() -> None:
    words = arguments(replace(SPEC, limits=Limits(io=1 << 20)), DESCRIPTORS)
    assert "virtio-blk-device,drive=limiteddisk0,serial=data" in words
    assert words[-4:] == (
        *("-object", "throttle-group,id=limit0,x-bps-total=1048576"),
        *("-blockdev", "driver=throttle,node-name=limiteddisk0,throttle-group=limit0,file=disk0"),
    )


def test_what_is_inherited() -> None:
    assert DESCRIPTORS.all == (3, 4, 5, 6, 7, 8)
