"""What a guest of a host is, in full: everything that a driver needs to start it.

A specification is kept beside the guest as `spec.json` and read again after a crash, so that what
cannot be started cannot be read either.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from fata.qemu.machine import Accelerator, Machine
from fata.qemu.publish import Publish
from functoria.error import UserError

MAXIMUM_BYTES = 1 << 20
"""More than any specification has; a larger file is not one."""
CONSOLE_BYTES = 1 << 20
"""What is kept of a console unless the specification says otherwise."""
LONGEST_NAME = 100
"""Of a guest: names of files, units and domains are made of it."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_INTERFACE = re.compile(r"[^\s/:.,][^\s/:,]{0,14}")  # IFNAMSIZ; no comma, for lists of options


class MacPrefix(StrEnum):
    """The first half of a hardware address, which says what kind of guest it is of."""

    QEMU = "52:54:00"
    XEN = "00:16:3e"


class XenType(StrEnum):
    """How Xen runs the guest."""

    PV = "pv"
    PVH = "pvh"


class OnCrash(StrEnum):
    """What becomes of a Xen guest that crashed: it is gone, or stays to be examined."""

    DESTROY = "destroy"
    PRESERVE = "preserve"


@dataclass(frozen=True, slots=True)
class Nic:
    """`Nic(name, mac, bridge)` is a vif on the bridge `bridge` of the host.

    Without a bridge it is on a user-mode network of its own, whose guest is 10.0.`subnet`.15:
    `forwards` are the ports of the host that lead in, and `restrict` cuts it off from the rest.
    """

    name: str
    mac: str
    bridge: str | None = None
    forwards: tuple[Publish, ...] = ()
    restrict: bool = False
    subnet: int = 2

    def __post_init__(self) -> None:
        _need(_WORD.fullmatch(self.name), f"`{self.name}` is not the name of an interface")
        one = _MAC.fullmatch(self.mac) and not int(self.mac[:2], 16) & 1
        _need(one, f"`{self.mac}` is not the hardware address of one interface")
        _need(2 <= self.subnet <= 254, f"{self.subnet} is not the number of a network")
        if self.bridge is not None:
            _need(_INTERFACE.fullmatch(self.bridge), f"`{self.bridge}` cannot be a bridge")
            _need(not self.forwards, "ports of the host do not lead to a bridge")
        for port in self.forwards:
            _need(0 <= port.host <= 65535, f"{port.host} is not a port")
            _need(1 <= port.guest <= 65535, f"{port.guest} is not a port")
            _need(re.fullmatch(r"[0-9.]{7,15}", port.address), f"`{port.address}` is no address")


@dataclass(frozen=True, slots=True)
class Disk:
    """`Disk(name, path)` is a raw file or device of the host that the guest sees as a disk.

    `serial`, 20 bytes at most, is how a virtio guest knows which it is, and `vdev`, such as
    `xvda`, is its place under Xen. `sector_size` is in bytes.
    """

    name: str
    path: Path
    read_only: bool = False
    vdev: str = ""
    serial: str = ""
    sector_size: int = 512

    def __post_init__(self) -> None:
        _need(_WORD.fullmatch(self.name), f"`{self.name}` is not the name of a disk")
        _check_path(self.path)
        _need(not self.vdev or _WORD.fullmatch(self.vdev), f"`{self.vdev}` is not a device")
        serial = not self.serial or (_WORD.fullmatch(self.serial) and len(self.serial) <= 20)
        _need(serial, f"`{self.serial}` is not the serial of a disk")
        sizes = (512, 4096)
        _need(self.sector_size in sizes, f"{self.sector_size} is not the size of a sector")


@dataclass(frozen=True, slots=True)
class Limits:
    """`Limits(cpu, memory, io)` is the most that a guest and its hypervisor process may use.

    `cpu` is a fraction of one processor, such as 0.5 or 2.0; `memory` is in MiB and includes what
    the hypervisor process needs beside the guest's own; `io` is in bytes per second, of each disk,
    reading and writing together. `None` is no limit.
    """

    cpu: float | None = None
    memory: int | None = None
    io: int | None = None

    def __post_init__(self) -> None:
        _need(self.cpu is None or 0.01 <= self.cpu <= 1024, f"{self.cpu} is no share of CPUs")
        _need(self.memory is None or self.memory >= 16, f"{self.memory} MiB are too few")
        _need(self.io is None or self.io >= 4096, f"{self.io} bytes per second are too few")


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """`GuestSpec(name, directory, kernel, ...)` is one VM of one generation.

    `directory` is its own, and ends in `name`. `command_line` is what the kernel is told, complete.
    `memory` is in MiB. Vifs and disks appear in the guest in the order given. `accelerator` and
    the machine are for QEMU and libvirt, `xen` and `on_crash` for Xen. Of its console the last
    `console_bytes` are kept. Raises `ValueError` for what cannot be a guest.
    """

    name: str
    directory: Path
    kernel: Path
    initramfs: Path | None
    command_line: str
    memory: int
    vcpus: int = 1
    nics: tuple[Nic, ...] = ()
    disks: tuple[Disk, ...] = ()
    machine: Machine = Machine.MICROVM
    machine_options: tuple[str, ...] | None = None
    accelerator: Accelerator = Accelerator.TCG
    limits: Limits = field(default_factory=Limits)
    xen: XenType = XenType.PVH
    on_crash: OnCrash = OnCrash.DESTROY
    console_bytes: int = CONSOLE_BYTES

    def __post_init__(self) -> None:
        check_name(self.name)
        for path in (self.directory, self.kernel, self.initramfs):
            if path is not None:
                _check_path(path)
        _need(self.directory.name == self.name, f"`{self.directory}` is not its directory")
        _need(8 <= self.memory <= 1 << 24, f"{self.memory} MiB is no memory for a guest")
        _need(1 <= self.vcpus <= 1024, f"a guest cannot have {self.vcpus} vcpus")
        _need(self.command_line.isprintable(), "the kernel command line has control characters")
        for option in self.machine_options or ():
            shape = re.fullmatch(r"[A-Za-z0-9._=-]{1,64}", option)
            _need(shape, f"`{option}` is not an option of a machine")
        kept = 4096 <= self.console_bytes <= 1 << 30
        _need(kept, f"{self.console_bytes} bytes of console cannot be kept")
        _distinct("interface", [nic.name for nic in self.nics])
        _distinct("hardware address", [nic.mac for nic in self.nics])
        _distinct("disk", [disk.name for disk in self.disks])


def check_name(name: str) -> None:
    """`check_name(name)` raises `ValueError` for what cannot be the name of a guest."""
    shape = _NAME.fullmatch(name) and ".." not in name and len(name) <= LONGEST_NAME
    _need(shape, f"`{name[:LONGEST_NAME]}` is not the name of a guest")


def encode(spec: GuestSpec) -> bytes:
    """`encode(spec)` is the text of `spec.json`, the same bytes for the same specification."""
    built = msgspec.to_builtins(spec, enc_hook=_encode_path, order="sorted")
    return msgspec.json.format(msgspec.json.encode(built), indent=1) + b"\n"


def decode(data: bytes, where: str) -> GuestSpec:
    """`decode(data, where)` is the specification that the bytes spell.

    Fields may be missing that a newer fata has a default for; others that are unknown, and values
    that are not of their type, are not accepted. Raises `UserError`.
    """
    try:
        if len(data) > MAXIMUM_BYTES:
            raise ValueError("it is too long")
        raw = msgspec.json.decode(data)
        spec = msgspec.convert(raw, GuestSpec, dec_hook=_decode_path)
        known = msgspec.to_builtins(spec, enc_hook=_encode_path)
        _check_known(raw, known, "")
    except (ValueError, TypeError, RecursionError) as error:  # msgspec's own are ValueErrors
        raise UserError(
            f"the specification of the guest is damaged: {str(error)[:400]}",
            where,
            "deploy the app again, which writes a new one; `fata remove` clears what is left",
        ) from None
    return spec


def deterministic_mac(
    app: str, environment: str, nic: str, slot: str, prefix: MacPrefix = MacPrefix.QEMU
) -> str:
    """`deterministic_mac(app, environment, nic, slot, prefix)` is a hardware address.

    It is the same at every deploy, so that leases and neighbours' tables stay valid, and differs
    for the two slots `a` and `b` of an app, which run side by side while one replaces the other.
    """
    digest = hashlib.sha256("\0".join((app, environment, nic, slot)).encode()).digest()
    return f"{prefix}:{digest[:3].hex(':')}"


def _need(condition: object, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _check_path(path: Path) -> None:
    text = os.fspath(path)
    _need(path.is_absolute() and ".." not in path.parts, f"`{text[:400]}` is not a whole path")
    _need(text.isprintable() and len(text) < 4096, f"`{text[:400]!r}` cannot be a path here")


def _distinct(what: str, values: list[str]) -> None:
    for value in values:
        _need(values.count(value) == 1, f"two have the same {what}, `{value}`")


def _encode_path(value: object) -> str:
    if isinstance(value, Path):
        return os.fspath(value)
    raise NotImplementedError(type(value).__name__)


def _decode_path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind.__name__)


def _check_known(raw: object, known: object, where: str) -> None:
    """What was read has no field that was passed over; sequences correspond one by one."""
    if isinstance(raw, Mapping) and isinstance(known, Mapping):
        for key, value in raw.items():
            _need(key in known, f"the field `{where}{key}` is unknown")
            _check_known(value, known[key], f"{where}{key}.")
    elif isinstance(raw, list) and isinstance(known, list | tuple):
        for one, other in zip(raw, known, strict=True):
            _check_known(one, other, where)
