"""What xl should have read, worked out with the library: the form of libxl's JSON.

Only what the library gives a meaning to is here; values that libxl leaves out at their default
are left out in the same way.
"""

from __future__ import annotations

from typing import Any

from xlcfg import Document, evaluate
from xlcfg.check.guest import guest_of
from xlcfg.cnumber import leading, whole
from xlcfg.evaluate import Effective
from xlcfg.schema.option import Guest
from xlcfg.specs import channel, cpus, disk, numa, p9, pci, usb, vif, vtpm
from xlcfg.specs.keys import Grammar
from xlcfg.specs.rdm import RDM
from xlcfg.tree import String

HOST = 8
"""How many processors a map of the pretended host has: four, up to a whole byte."""


def expected(document: Document) -> dict[str, Any]:
    """The parts of libxl's JSON that the library can tell, by dotted path; None where absent."""
    found = evaluate(document)
    reader = _Reader(found)
    guest = guest_of(found)
    line, root, extra = (reader.text(name) for name in ("cmdline", "root", "extra"))
    parts = ([f"root={root}"] if root is not None else []) + ([extra] if extra is not None else [])
    kernel = reader.text("kernel")
    sizes = {
        f"b_info.sched_params.{key}": reader.number(name)
        for name, key in (("cpu_weight", "weight"), ("cap", "cap"))
    }
    return {
        "c_info.name": reader.text("name"),
        "c_info.type": guest.value,
        "b_info.kernel": kernel,
        "b_info.ramdisk": reader.text("ramdisk"),
        "b_info.cmdline": line if line is not None else " ".join(parts) if parts else None,
        "b_info.target_memkb": reader.kilobytes("memory"),
        "b_info.bootloader": reader.text("bootloader"),
        "b_info.avail_vcpus": list(range(reader.number("vcpus") or 0)) or None,
        **sizes,
        "disks": [_disk(text) for text in reader.items("disk")] or None,
        "nics": [_vif(text, index) for index, text in enumerate(reader.items("vif"))] or None,
        "pcidevs": [_pci(text, reader) for text in reader.items("pci")] or None,
        "vtpms": reader.devices("vtpm", vtpm.VTPM, {"backend": "backend_domname", "uuid": "uuid"}),
        "p9s": reader.devices(
            "p9",
            p9.P9,
            {"tag": "tag", "path": "path", "security_model": "security_model"},
            numbered=False,
        ),
        "channels": [_channel(text, i) for i, text in enumerate(reader.items("channel"))] or None,
        "usbctrls": [_usbctrl(text, i) for i, text in enumerate(reader.items("usbctrl"))] or None,
        "b_info.ioports": [_range(text) for text in reader.items("ioports")] or None,
        "b_info.irqs": [int(text) for text in reader.items("irqs")] or None,
        "dtdevs": [{"path": text} for text in reader.items("dtdev")] or None,
        "b_info.vcpu_hard_affinity": reader.affinity("cpus"),
        **{name: reader.action(name) for name in ("on_poweroff", "on_reboot", "on_crash")},
    }


class _Reader:
    def __init__(self, found: dict[str, Effective]) -> None:
        self._found = found

    def text(self, name: str) -> str | None:
        found = self._found.get(name)
        return None if found is None or found.is_list else str(found.data)

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if text is None or self._found[name].added:
            return None
        return whole(text) or None

    def kilobytes(self, name: str) -> int | None:
        number = self.number(name)
        return None if number is None else number * 1024

    def items(self, name: str) -> list[str]:
        """The strings of a list up to the first item that is none, where xl stops."""
        found = self._found.get(name)
        texts: list[str] = []
        for value in found.values if found is not None else ():
            if not isinstance(value, String):
                break
            texts.append(value.value)
        return texts

    def devices(
        self, name: str, grammar: Grammar, keys: dict[str, str], numbered: bool = True
    ) -> list[dict[str, Any]] | None:
        made = []
        for index, text in enumerate(self.items(name)):
            pairs = {entry.key: entry.value for entry in grammar.entries(text)[0]}
            device: dict[str, Any] = {keys[key]: pairs[key] for key in pairs if key in keys}
            made.append({**device, "devid": index} if numbered else device)
        return made or None

    def affinity(self, name: str) -> list[list[int]] | None:
        many = self.number("maxvcpus") or self.number("vcpus") or self._vnuma()
        text = self.text(name)
        if text is not None:
            return [_cpus(text)] * many or None
        return [_cpus(item) for item in self.items(name)[:many]] or None

    def _vnuma(self) -> int:
        found = self._found.get("vnuma")
        total = 0
        for node in found.values if found is not None and found.is_list else ():
            for part in getattr(node, "values", ()):
                pair = numa.read(part.value)
                total += numa.count(pair.value) if pair and pair.key == "vcpus" else 0
        return total

    def policy(self) -> str | None:
        """The policy for reserved memory that PCI devices start from."""
        if guest_of(self._found) is not Guest.HVM:
            return "strict"
        pairs = {entry.key: entry.value for entry in RDM.entries(self.text("rdm") or "")[0]}
        return pairs.get("policy")

    def action(self, name: str) -> str | None:
        """Libxl's name of an action; `destroy` is its default and left out."""
        text = self.text(name) or ("restart" if name == "on_reboot" else "destroy")
        names = {"destroy": None, "rename-restart": "restart_rename"}
        return names.get(text, text.replace("-", "_"))


def _cpus(text: str) -> list[int]:
    return sorted(cpus.cpus(cpus.read(text), HOST))


def _disk(text: str) -> dict[str, Any]:
    this = disk.read(text)
    found: dict[str, Any] = {"vdev": this.vdev, "format": this.format.value}
    found |= {"readwrite": 1} if this.writable else {}
    found |= {"removable": 1, "is_cdrom": 1} if this.cdrom else {}
    for key, value in (
        ("backend", this.backendtype),
        ("backend_domname", this.backend),
        ("script", this.script),
        ("specification", this.specification),
        ("direct_io_safe", this.direct_io_safe),
        ("colo_host", this.colo_host),
        ("colo_export", this.colo_export),
        ("pdev_path", this.target),
    ):
        found |= {key: value} if value else {}
    if this.discard is not None:
        found["discard_enable"] = str(this.discard)
    return found


def _vif(text: str, index: int) -> dict[str, Any]:
    this = vif.read(text)
    found: dict[str, Any] = {"devid": int(this.devid) if this.devid else index}
    for key, value in (
        ("mac", this.mac.lower()),
        ("bridge", this.bridge),
        ("gatewaydev", this.gatewaydev),
        ("ip", this.ip),
        ("script", this.script),
        ("model", this.model),
        ("ifname", this.vifname),
        ("backend_domname", this.backend),
        ("mtu", int(this.mtu) if this.mtu else 0),
        ("nictype", {"ioemu": "vif_ioemu"}.get(this.type, this.type)),
    ):
        found |= {key: value} if value else {}
    if this.rate:
        rate = vif.rate(this.rate)
        found["rate_interval_usecs"] = rate.interval
        found |= {"rate_bytes_per_interval": rate.credit} if rate.credit else {}
    found |= {key.replace("forwarddev", "coloft_forwarddev"): value for key, value in this.more}
    if this.trusted is not None:
        found["trusted"] = str(this.trusted)
    return found


def _pci(text: str, reader: _Reader) -> dict[str, Any]:
    this = pci.read(text)
    policy = this.rdm_policy or reader.policy()
    found: dict[str, Any] = {"rdm_policy": policy} if policy else {}
    if this.bdf:
        head, _, function = this.bdf.rpartition(".")
        domain, bus, slot = ["0", *head.split(":")][-3:]
        numbers = {"domain": domain, "bus": bus, "dev": slot}
        numbers |= {"func": function} if function != "*" else {}
        found |= {key: int(value, 16) for key, value in numbers.items() if int(value, 16)}
        found["vfunc_mask"] = 0xFFFFFFFF if function == "*" else 1
    for key in ("permissive", "msitranslate", "seize", "power_mgmt"):
        own = getattr(this, key)
        on = bool(reader.number(f"pci_{key}")) if own is None else own
        found |= {key: True} if on else {}
    found |= {"vdevfn": this.vslot << 3} if this.vslot else {}
    return found | ({"name": this.name} if this.name else {})


def _channel(text: str, index: int) -> dict[str, Any]:
    pairs = {entry.key: entry.value for entry in channel.CHANNEL.entries(text)[0]}
    found: dict[str, Any] = {"devid": index}
    found |= {"name": pairs["name"]} if "name" in pairs else {}
    found |= {"backend_domname": pairs["backend"]} if "backend" in pairs else {}
    kind = pairs["connection"]
    return found | {f"connection.{kind}": {"path": pairs["path"]} if kind == "socket" else {}}


def _usbctrl(text: str, index: int) -> dict[str, Any]:
    pairs = {entry.key: entry.value for entry in usb.CONTROLLER.entries(text)[0]}
    found: dict[str, Any] = {"devid": index}
    found |= {"type": pairs["type"].lower()} if pairs.get("type", "auto") != "auto" else {}
    return found | {key: int(pairs[key]) for key in ("version", "ports") if key in pairs}


def _range(text: str) -> dict[str, int]:
    low, _, high = text.partition("-")
    first, last = leading(low, 16), leading(high or low, 16)
    assert first is not None
    assert last is not None
    return {"first": first[0], "number": last[0] - first[0] + 1}


def at(domain: dict[str, Any], path: str) -> Any:
    """The part of libxl's JSON at a dotted path, None where it is absent."""
    part: Any = domain
    for name in path.split("."):
        part = part.get(name) if isinstance(part, dict) else None
    return [_set(item) for item in part] if isinstance(part, list) else part


def _set(item: Any) -> Any:
    """A device without its empty strings, which mean the same as none."""
    if not isinstance(item, dict):
        return item
    return {key: value for key, value in item.items() if value != ""}
