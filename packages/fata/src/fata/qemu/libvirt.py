"""A guest as libvirt's domain XML: the devices that `fata.qemu.machine` has QEMU make.

The guest knows its devices by the same marks, disks by serial numbers and interfaces by hardware
addresses, so that what libvirt adds for itself or places elsewhere does not matter to it. The
board is `q35`, since libvirt has no `microvm`.

Source: https://libvirt.org/formatdomain.html. Nothing here has effects.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from fata.qemu.machine import Accelerator, Disk, TapNic, UserNic, netdev
from functoria.error import UserError

QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
"""The name space of words that libvirt passes on to QEMU."""

_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PERIOD = 100_000  # microseconds in which a share of processors is counted

# Root ports would cost a bus each, which firmware and kernel look at. On the root bus itself
# libvirt keeps the places before these for graphics and has its own controllers after them.
_FIRST_SLOT, _LAST_SLOT = 0x03, 0x19


@dataclass(frozen=True, slots=True)
class BridgeNic:
    """`BridgeNic(mac, bridge)` is a vif on a bridge of the host; libvirt makes the TAP device."""

    mac: str
    bridge: str


@dataclass(frozen=True, slots=True)
class Limits:
    """`Limits(cpu, memory, io)` is the most that a guest may use; `None` is no limit.

    `cpu` is a number of processors such as 0.5, `memory` the MiB of QEMU's whole process, `io` the
    bytes per second of each disk, read and written together.
    """

    cpu: float | None = None
    memory: int | None = None
    io: int | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """`Domain(name, kernel, ...)` is a guest of libvirt's QEMU driver.

    `command_line` is complete: `fata.qemu.machine.timer_words` are among it where they are wanted.
    `memory` is in MiB. Vifs and disks appear in the guest in the order given. The serial console
    is written to the file `console`, or is a terminal for `virsh console` where that is `None`;
    libvirt keeps the last megabytes of it in the file `log`, if one is named.
    `tags` are kept with the domain as the attributes of an element of ours, and `comment` is the
    first thing in the text.
    """

    name: str
    kernel: Path
    initramfs: Path | None = None
    command_line: str = ""
    memory: int = 128
    vcpus: int = 1
    accelerator: Accelerator = Accelerator.KVM
    nics: tuple[UserNic | TapNic | BridgeNic, ...] = ()
    disks: tuple[Disk, ...] = ()
    console: Path | None = None
    log: Path | None = None
    limits: Limits = field(default_factory=Limits)
    tags: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""


TAGS = "urn:fata:domain"
"""The name space of `tags`: they are read back as attributes of `{urn:fata:domain}guest`."""


def domain_xml(domain: Domain) -> str:
    """`domain_xml(domain)` is the text that `virsh define` takes, the same for the same domain.

    Raises `UserError` for a character that XML cannot hold.
    """
    ET.register_namespace("qemu", QEMU)
    ET.register_namespace("fata", TAGS)
    kvm = domain.accelerator is Accelerator.KVM
    root = ET.Element("domain", {"type": "kvm" if kvm else "qemu"})
    _text(root, "name", domain.name)
    if domain.tags:
        ET.SubElement(ET.SubElement(root, "metadata"), f"{{{TAGS}}}guest", dict(domain.tags))
    _text(root, "memory", str(domain.memory), unit="MiB")
    _text(root, "vcpu", str(domain.vcpus))
    _limits(root, domain.limits)
    _system(root, domain)
    ET.SubElement(root, "cpu", {"mode": "host-passthrough" if kvm else "maximum"})
    # The guest ends by a restart, after which it is gone: whoever started it decides what follows.
    for event in ("on_poweroff", "on_reboot", "on_crash"):
        _text(root, event, "destroy")
    _devices(root, domain)
    _passed_on(root, domain)
    return _written(root, domain)


def _written(root: ET.Element, domain: Domain) -> str:
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode") + "\n"
    if domain.comment:
        text = f"<!-- {re.sub('-(?=-)', '- ', domain.comment)} -->\n{text}"
    if found := _NO_XML.search(text):
        raise UserError(
            f"libvirt's XML cannot hold the character {found[0]!r}",
            domain.name,
            "use names, paths and arguments of characters that can be printed",
        )
    return text


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text


def _limits(root: ET.Element, limits: Limits) -> None:
    if limits.memory is not None:
        _text(ET.SubElement(root, "memtune"), "hard_limit", str(limits.memory), unit="MiB")
    if limits.cpu is not None:
        tune = ET.SubElement(root, "cputune")
        _text(tune, "global_period", str(_PERIOD))
        _text(tune, "global_quota", str(round(limits.cpu * _PERIOD)))


def _system(root: ET.Element, domain: Domain) -> None:
    system = ET.SubElement(root, "os")
    _text(system, "type", "hvm", arch="x86_64", machine="q35")
    _text(system, "kernel", os.fspath(domain.kernel))
    if domain.initramfs is not None:
        _text(system, "initrd", os.fspath(domain.initramfs))
    _text(system, "cmdline", domain.command_line)
    features = ET.SubElement(root, "features")
    for feature in ("acpi", "apic"):
        ET.SubElement(features, feature)


def _devices(root: ET.Element, domain: Domain) -> None:
    devices = ET.SubElement(root, "devices")
    slots = iter(range(_FIRST_SLOT, _LAST_SLOT + 1))
    for number, disk in enumerate(domain.disks):
        _place(_disk(devices, disk, number, domain.limits.io), next(slots, None))
    for nic in domain.nics:
        if not _is_passed_on(nic):
            _place(_nic(devices, nic), next(slots, None))
    _console(devices, domain.console, domain.log)
    ET.SubElement(devices, "controller", {"type": "usb", "model": "none"})
    ET.SubElement(devices, "memballoon", {"model": "none"})


def _place(device: ET.Element, slot: int | None) -> None:
    if slot is not None:
        ET.SubElement(device, "address", {"type": "pci", "bus": "0x00", "slot": f"{slot:#04x}"})


def _disk(devices: ET.Element, disk: Disk, number: int, io: int | None) -> ET.Element:
    block = disk.path.is_relative_to("/dev")
    element = ET.SubElement(devices, "disk", {"type": "block" if block else "file"})
    element.set("device", "disk")
    ET.SubElement(element, "driver", {"name": "qemu", "type": disk.format.value})
    ET.SubElement(element, "source", {"dev" if block else "file": os.fspath(disk.path)})
    if disk.sector_size != 512:
        size = str(disk.sector_size)
        sizes = {"logical_block_size": size, "physical_block_size": size}
        ET.SubElement(element, "blockio", sizes)
    ET.SubElement(element, "target", {"dev": f"vd{_letters(number)}", "bus": "virtio"})
    if io is not None:
        _text(ET.SubElement(element, "iotune"), "total_bytes_sec", str(io))
    if disk.read_only:
        ET.SubElement(element, "readonly")
    if disk.serial:
        _text(element, "serial", disk.serial)
    return element


def _letters(number: int) -> str:
    """`a` to `z`, then `aa`: as disks are called, here only to tell them apart in the text."""
    more, last = divmod(number, 26)
    return (_letters(more - 1) if more else "") + chr(ord("a") + last)


def _nic(devices: ET.Element, nic: UserNic | TapNic | BridgeNic) -> ET.Element:
    kind = {BridgeNic: "bridge", TapNic: "ethernet", UserNic: "user"}[type(nic)]
    element = ET.SubElement(devices, "interface", {"type": kind})
    ET.SubElement(element, "mac", {"address": nic.mac})
    if isinstance(nic, BridgeNic):
        ET.SubElement(element, "source", {"bridge": nic.bridge})
    elif isinstance(nic, TapNic):
        ET.SubElement(element, "target", {"dev": nic.interface, "managed": "no"})
    ET.SubElement(element, "model", {"type": "virtio"})
    ET.SubElement(element, "rom", {"enabled": "no"})
    return element


def _console(devices: ET.Element, file: Path | None, log: Path | None) -> None:
    serial = ET.SubElement(devices, "serial", {"type": "pty" if file is None else "file"})
    if file is not None:
        ET.SubElement(serial, "source", {"path": os.fspath(file), "append": "on"})
    if log is not None:
        ET.SubElement(serial, "log", {"file": os.fspath(log), "append": "off"})
    ET.SubElement(serial, "target", {"type": "isa-serial", "port": "0"})


def _is_passed_on(nic: UserNic | TapNic | BridgeNic) -> bool:
    """Whether libvirt has no words for the network, which then QEMU is told of."""
    if not isinstance(nic, UserNic):
        return False
    return bool(nic.publish) or nic.restrict or nic != UserNic(nic.mac)


def _passed_on(root: ET.Element, domain: Domain) -> None:
    words: list[str] = []
    for number, nic in enumerate(domain.nics):
        if isinstance(nic, UserNic) and _is_passed_on(nic):
            name = f"fata{number}"
            words += ("-netdev", netdev(nic, name))
            words += ("-device", f"virtio-net-pci,netdev={name},mac={nic.mac},romfile=")
    if words:
        commandline = ET.SubElement(root, f"{{{QEMU}}}commandline")
        for word in words:
            ET.SubElement(commandline, f"{{{QEMU}}}arg", {"value": word})
