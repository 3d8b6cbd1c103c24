"""From xl.cfg(5) to libvirt's domain XML.

Source: https://libvirt.org/formatdomain.html and the form that libvirt's own xen driver writes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from xlcfg.check import check
from xlcfg.check.guest import guest_of
from xlcfg.cnumber import whole
from xlcfg.diagnostic import Severity
from xlcfg.error import ParseError, XlcfgError
from xlcfg.evaluate import Effective, evaluate
from xlcfg.schema.option import Guest
from xlcfg.specs import disk, vif
from xlcfg.specs.disk_words import Format

if TYPE_CHECKING:
    from xlcfg.tree import Document

_TYPES = {
    Guest.PV: ("xenpv", "linux"),
    Guest.PVH: ("xenpvh", "xenpvh"),
    Guest.HVM: ("xenfv", "hvm"),
}
_ACTIONS = {
    "on_poweroff": ("destroy", "restart", "rename-restart", "preserve"),
    "on_reboot": ("destroy", "restart", "rename-restart", "preserve"),
    "on_crash": (
        "destroy", "restart", "rename-restart", "preserve", "coredump-destroy",
        "coredump-restart",
    ),
}  # fmt: skip
FEATURES = ("acpi", "apic", "pae")
"""The features of HVM guests that both sides know; all are on by default."""

_BOOT = {"c": "hd", "d": "cdrom", "n": "network", "a": "fd"}
_DRIVERS = {
    Format.RAW: "raw", Format.QCOW: "qcow", Format.QCOW2: "qcow2", Format.VHD: "vpc",
    Format.QED: "qed",
}  # fmt: skip
_DRIVER_NAMES = {"phy": "phy", "qdisk": "qemu"}
_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_libvirt(document: Document, file: str = "<document>") -> tuple[str, tuple[str, ...]]:
    """The domain XML of a configuration, and the names of the options that it leaves out.

    Raises `XlcfgError` for a configuration that `check` finds an error in.
    """
    errors = [found for found in check(document) if found.severity is Severity.ERROR]
    if errors:
        raise ParseError(errors, file)
    writer = _Writer(evaluate(document))
    return writer.text(), writer.left()


class _Writer:
    """Takes options and remembers which."""

    def __init__(self, effective: dict[str, Effective]) -> None:
        self._effective = effective
        self._taken: set[str] = set()
        self._partly: set[str] = set()
        self._guest = guest_of(effective)
        self._root = ET.Element("domain", {"type": "xen"})

    def left(self) -> tuple[str, ...]:
        """The options that the XML does not tell, in their order."""
        done = self._taken - self._partly
        return tuple(name for name in self._effective if name not in done)

    def text(self) -> str:
        """The XML."""
        self._taken |= {"type", "builder"}
        for name, tag in (("name", "name"), ("uuid", "uuid")):
            self._element(self._root, tag, self._take(name))
        self._sizes()
        self._bootloader()
        self._system()
        self._features()
        self._events()
        devices = ET.SubElement(self._root, "devices")
        for text in self._list("disk"):
            self._disk(devices, disk.read(text))
        for text in self._list("vif"):
            self._vif(devices, vif.read(text))
        console = ET.SubElement(devices, "console", {"type": "pty"})
        kind = "serial" if self._guest is Guest.HVM else "xen"
        ET.SubElement(console, "target", {"type": kind, "port": "0"})
        ET.indent(self._root)
        return ET.tostring(self._root, encoding="unicode") + "\n"

    def _take(self, name: str) -> str | None:
        found = self._effective.get(name)
        if found is None or found.is_list:
            return None
        self._taken.add(name)
        return str(found.data)

    def _number(self, name: str) -> int | None:
        text = self._take(name)
        return None if text is None else whole(text)

    def _list(self, name: str) -> list[str]:
        found = self._effective.get(name)
        if found is None or not found.is_list:
            return []
        self._taken.add(name)
        return [str(item) for item in found.data]

    def _element(self, parent: ET.Element, tag: str, text: str | None, **attributes: str) -> None:
        if text is None:
            return
        if _XML.search(text):
            what = f"the {tag} holds a character that XML cannot hold"
            raise XlcfgError(what, None, "use characters that can be printed")
        ET.SubElement(parent, tag, attributes).text = text

    def _sizes(self) -> None:
        memory = self._number("memory") or 0
        most = self._number("maxmem") or memory
        self._element(self._root, "memory", str(max(most, 1) * 1024), unit="KiB")
        self._element(self._root, "currentMemory", str(max(memory, 1) * 1024), unit="KiB")
        now = self._number("vcpus") or 1
        many = self._number("maxvcpus") or now
        current = {"current": str(now)} if now != many else {}
        cpus = self._effective.get("cpus")
        if cpus is not None and re.fullmatch(r"[0-9,^-]+", text := str(cpus.data)):
            self._taken.add("cpus")
            current["cpuset"] = text
        self._element(self._root, "vcpu", str(many), placement="static", **current)

    def _bootloader(self) -> None:
        self._element(self._root, "bootloader", self._take("bootloader"))
        arguments = self._list("bootloader_args")
        if arguments and not any(" " in argument for argument in arguments):
            self._element(self._root, "bootloader_args", " ".join(arguments))
        elif arguments:
            self._partly.add("bootloader_args")

    def _system(self) -> None:
        system = ET.SubElement(self._root, "os")
        machine, kind = _TYPES[self._guest]
        self._element(system, "type", kind, arch="x86_64", machine=machine)
        if self._guest is Guest.HVM:
            loader = "/usr/lib/xen/boot/hvmloader"
            self._element(system, "loader", loader, type="rom")
        self._element(system, "kernel", self._take("kernel"))
        self._element(system, "initrd", self._take("ramdisk"))
        self._element(system, "cmdline", self._command_line())
        for letter in (self._take("boot") or "") if self._guest is Guest.HVM else "":
            if letter in _BOOT:
                ET.SubElement(system, "boot", {"dev": _BOOT[letter]})
            else:
                self._partly.add("boot")

    def _command_line(self) -> str | None:
        line, root, extra = (self._take(name) for name in ("cmdline", "root", "extra"))
        if line is not None:
            return line
        parts = [f"root={root}"] if root is not None else []
        parts += [extra] if extra is not None else []
        return " ".join(parts) if parts else None

    def _features(self) -> None:
        """What an HVM guest has unless it is told otherwise."""
        if self._guest is not Guest.HVM:
            return
        features = ET.SubElement(self._root, "features")
        for name in FEATURES:
            if self._number(name) != 0:
                ET.SubElement(features, name)

    def _events(self) -> None:
        for name, actions in _ACTIONS.items():
            action = self._take(name)
            if action in actions:
                self._element(self._root, name, action)
            elif action is not None:
                self._partly.add(name)

    def _disk(self, devices: ET.Element, this: disk.Disk) -> None:
        if this.script or (this.target and not this.target.startswith("/")):
            self._partly.add("disk")
            return
        block = this.target.startswith("/dev/") or this.backendtype == "phy"
        kind = "cdrom" if this.cdrom else "disk"
        element = ET.SubElement(
            devices, "disk", {"type": "block" if block else "file", "device": kind}
        )
        if this.format in _DRIVERS:
            driver = {"name": _DRIVER_NAMES[driver_of(this, block)], "type": _DRIVERS[this.format]}
            if this.format is Format.RAW and not (block or this.backendtype):
                # Without a name libxl takes what suits, as it does for `xl`: no QEMU is needed.
                del driver["name"]
            if this.discard is not None:
                driver["discard"] = "unmap" if this.discard else "ignore"
            ET.SubElement(element, "driver", driver)
        if this.target:
            ET.SubElement(element, "source", {"dev" if block else "file": this.target})
        bus = "xen" if this.vdev.startswith("xvd") else "scsi" if this.vdev[:2] == "sd" else "ide"
        ET.SubElement(element, "target", {"dev": this.vdev, "bus": bus})
        if not this.writable:
            ET.SubElement(element, "readonly")
        if this.backend:
            ET.SubElement(element, "backenddomain", {"name": this.backend})
        rest = (this.specification, this.direct_io_safe, this.colo, this.trusted)
        if any(rest) or this.backendtype not in ("", driver_of(this, block)):
            self._partly.add("disk")

    def _vif(self, devices: ET.Element, this: vif.Vif) -> None:
        kind = "bridge" if this.bridge or not this.gatewaydev else "ethernet"
        element = ET.SubElement(devices, "interface", {"type": kind})
        if this.mac:
            ET.SubElement(element, "mac", {"address": this.mac.lower()})
        if kind == "bridge":
            ET.SubElement(element, "source", {"bridge": this.bridge or "xenbr0"})
        if this.script:
            ET.SubElement(element, "script", {"path": this.script})
        for address in this.ip.split():
            family = {"family": "ipv6"} if ":" in address else {}
            ET.SubElement(element, "ip", {"address": address, **family})
        if this.vifname:
            ET.SubElement(element, "target", {"dev": this.vifname})
        if this.type or this.model:
            ET.SubElement(element, "model", {"type": _model(this)})
        if this.backend:
            ET.SubElement(element, "backenddomain", {"name": this.backend})
        if this.mtu:
            ET.SubElement(element, "mtu", {"size": this.mtu})
        if this.rate or this.devid or this.more or this.gatewaydev or this.trusted is not None:
            self._partly.add("vif")


def driver_of(this: disk.Disk, block: bool) -> str:
    """The `backendtype` that the XML of a disk stands for."""
    return "phy" if this.format is Format.RAW and block else "qdisk"


def _model(this: vif.Vif) -> str:
    return "netfront" if this.type == "vif" else this.model or "rtl8139"
