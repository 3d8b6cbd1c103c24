"""The QEMU command line of a guest, word by word."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.qemu.machine import (
    Accelerator,
    Disk,
    DiskFormat,
    Guest,
    Inherited,
    Listening,
    Machine,
    TapNic,
    UserNic,
    command,
    escaped,
    timer_words,
)
from fata.qemu.publish import Publish

MAC = "52:54:00:00:00:01"
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


def _guest(machine: Machine) -> Guest:
    return Guest(
        kernel=Path("/image/vmlinux"),
        initramfs=Path("/image/root.cpio"),
        cmdline="console=ttyS0 reboot=t panic=-1 quiet",
        memory=96,
        machine=machine,
        nics=(UserNic(MAC, (Publish("127.0.0.1", 8080, 80),), restrict=True),),
        disks=(Disk(Path("/data/a,b.img"), read_only=True),),
        entropy=True,
    )


@pytest.mark.parametrize(
    ("accelerator", "processor", "timers"),
    [
        (Accelerator.TCG, "max", "noapictimer tsc=nowatchdog tsc_early_khz=2596138 "),
        (Accelerator.KVM, "host", ""),
    ],
)
@pytest.mark.parametrize(
    ("machine", "board", "disk", "nic", "entropy"),
    [
        (
            Machine.MICROVM,
            "microvm,acpi=off,rtc=on",
            "virtio-blk-device,drive=disk0",
            f"virtio-net-device,netdev=net0,mac={MAC}",
            "virtio-rng-device,rng=entropy",
        ),
        (
            Machine.Q35,
            "q35",
            "virtio-blk-pci,drive=disk0",
            f"virtio-net-pci,netdev=net0,mac={MAC},romfile=",
            "virtio-rng-pci,rng=entropy",
        ),
    ],
)
def test_the_whole_command_line(
    machine: Machine,
    board: str,
    disk: str,
    nic: str,
    entropy: str,
    accelerator: Accelerator,
    processor: str,
    timers: str,
) -> None:
    log = Path("/run/console")
    assert command(
        _guest(machine), accelerator, Inherited(5), log, Inherited(6), tsc_khz=2596138
    ) == (
        "qemu-system-x86_64",
        *("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"),
        *("-machine", board),
        *("-accel", accelerator.value),
        *("-cpu", processor),
        *("-smp", "1"),
        *("-m", "96"),
        *("-sandbox", SANDBOX),
        *("-chardev", "socket,id=console,fd=5,logfile=/run/console,logappend=off"),
        *("-serial", "chardev:console"),
        *("-chardev", "socket,id=qmp,fd=6"),
        *("-mon", "chardev=qmp,mode=control"),
        "-blockdev",
        "driver=raw,node-name=disk0,read-only=on,file.driver=file,file.filename=/data/a,,b.img",
        *("-device", disk),
        "-netdev",
        "user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:8080-:80",
        *("-device", nic),
        *("-object", "rng-builtin,id=entropy"),
        *("-device", entropy),
        *("-kernel", "/image/vmlinux"),
        *("-initrd", "/image/root.cpio"),
        *("-append", f"{timers}console=ttyS0 reboot=t panic=-1 quiet"),
    )


def test_the_least_guest_has_no_network_disk_monitor_or_initramfs() -> None:
    assert command(
        Guest(Path("vmlinux"), sandbox=False), Accelerator.TCG, None, Path("console.log")
    ) == (
        "qemu-system-x86_64",
        *("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"),
        *("-machine", "microvm,acpi=off,rtc=on"),
        *("-accel", "tcg"),
        *("-cpu", "max"),
        *("-smp", "1"),
        *("-m", "128"),
        *("-chardev", "file,id=console,path=console.log"),
        *("-serial", "chardev:console"),
        *("-kernel", "vmlinux"),
        *("-append", "noapictimer tsc=nowatchdog "),
    )


def test_more_than_one_vcpu_needs_the_timers_of_its_local_apics() -> None:
    guest = Guest(Path("vmlinux"), vcpus=2)
    assert timer_words(guest, Accelerator.TCG, 1000) == ("tsc=nowatchdog", "tsc_early_khz=1000")


def test_a_tap_vif_and_a_qcow2_disk() -> None:
    guest = Guest(
        Path("vmlinux"),
        nics=(TapNic(MAC, "fata0"),),
        disks=(Disk(Path("data.qcow2"), format=DiskFormat.QCOW2),),
    )
    words = command(guest, Accelerator.TCG, None, Path("console.log"))
    assert "tap,id=net0,ifname=fata0,script=no,downscript=no" in words
    assert (
        "driver=qcow2,node-name=disk0,read-only=off,file.driver=file,file.filename=data.qcow2"
    ) in words


def test_a_disk_carries_its_name_and_its_sectors() -> None:
    disks = (Disk(Path("a"), serial="data"), Disk(Path("b"), serial="log", sector_size=4096))
    words = command(Guest(Path("vmlinux"), disks=disks), Accelerator.TCG, None, Path("console.log"))
    assert "virtio-blk-device,drive=disk0,serial=data" in words
    assert (
        "virtio-blk-device,drive=disk1,serial=log,logical_block_size=4096,physical_block_size=4096"
    ) in words


def test_a_further_vif_is_on_a_subnet_of_its_own() -> None:
    nic = UserNic(MAC, subnet=3)
    words = command(Guest(Path("vmlinux"), nics=(nic,)), Accelerator.TCG, None, Path("console.log"))
    assert "user,id=net0,net=10.0.3.0/24,ipv6-net=fec0:0:0:3::/64" in words
    assert (nic.address, nic.gateway, nic.resolver) == ("10.0.3.15/24", "10.0.3.2", "10.0.3.3")


@pytest.mark.parametrize("accelerator", list(Accelerator))
@pytest.mark.parametrize("machine", list(Machine))
def test_no_monitor_listens_on_a_network(machine: Machine, accelerator: Accelerator) -> None:
    qmp = Listening(Path("/run/fata,1/qmp"))
    words = command(_guest(machine), accelerator, None, Path("log"), qmp)
    assert "socket,id=qmp,path=/run/fata,,1/qmp,server=on,wait=off" in words
    assert not [word for word in words if word in {"-monitor", "-qmp", "-vnc", "-gdb", "-s"}]
    assert not [word for word in words if "host=" in word or "port=" in word]


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_an_escaped_value_reads_back_as_itself(value: str) -> None:
    """QEMU's rule: two commas are one comma of the value, a single one ends it."""
    text = escaped(value) + ",next=1"
    ends = 0
    while text[ends] != "," or text[ends : ends + 2] == ",,":
        ends += 2 if text[ends] == "," else 1
    assert text[:ends].replace(",,", ",") == value
    assert text[ends:] == ",next=1"


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0")), max_size=3))
def test_a_path_never_adds_an_option(names: list[str]) -> None:
    """Whatever the disks are called, QEMU gets as many words, and no option of theirs."""
    disks = tuple(Disk(Path("/d") / name.replace("/", "_")) for name in names)
    words = command(Guest(Path("k"), disks=disks), Accelerator.TCG, None, Path("log"))
    assert words.count("-blockdev") == len(disks)
    assert len(words) == len(command(Guest(Path("k")), Accelerator.TCG, None, Path("log"))) + 4 * (
        len(disks)
    )


@pytest.mark.e2e
def test_qemu_takes_paths_with_commas(tmp_path: Path) -> None:
    folder = tmp_path / "a,readonly=on,b"
    folder.mkdir()
    disk = folder / "disk.img"
    disk.write_bytes(bytes(512))
    guest = Guest(Path("/nonexistent"), disks=(Disk(disk),), sandbox=False)
    words = command(guest, Accelerator.TCG, None, folder / "console")
    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert "/nonexistent" in result.stderr  # it came as far as the kernel
    assert (folder / "console").exists()
