"""What a host is, read out of what its own programs print.

All of it comes over the network from a machine that may be broken or hostile: whatever it says,
the result is facts or `NotUnderstoodError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

import msgspec

from fata.host.failure import readable
from fata.host.grub import boots_xen, dom0_memory
from fata.host.kind import GRUB_MENU
from fata.host.layout import OWN_FILES
from fata.host.sshd import CONFIG, Sshd

SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
TEXTS = (
    *("/etc/os-release", "/proc/1/comm", "/proc/cpuinfo", "/proc/meminfo"),
    *("/proc/sys/kernel/osrelease", "/proc/sys/kernel/random/boot_id"),
    *("/proc/sys/net/ipv4/ip_forward", "/proc/xen/capabilities", "/sys/hypervisor/type"),
    *(SECURE_BOOT, GRUB_MENU, CONFIG, *OWN_FILES),
)
"""The files that facts are read from."""

_STATUS = re.compile(r"([a-zA-Z?][a-zA-Z])(.) ([a-z0-9][a-z0-9+.-]*) (\S+) (\S+)")


class NotUnderstoodError(ValueError):
    """An answer of a host that has not the form that its program gives."""


@dataclass(frozen=True, slots=True)
class Login:
    """`Login(user, uid, groups)` is who we are on the host."""

    user: str
    uid: int
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Packages:
    """`Packages(installed, broken, architecture)` is what dpkg knows; `broken` are half-way."""

    installed: Mapping[str, str]
    broken: tuple[str, ...]
    architecture: str


@dataclass(frozen=True, slots=True)
class Status:
    """`Status(mode, owner)` is the permissions, such as 0o750, and the owner of a file."""

    mode: int
    owner: str


@dataclass(frozen=True, slots=True)
class Unit:
    """`Unit(enabled, active)` is whether systemd starts a unit, and whether it has done so."""

    enabled: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Network:
    """`Network(addresses, routes, uplink)` is the IPv4 addresses by interface, and the routes.

    `uplink` is the interface of the default route, or `None`.
    """

    addresses: Mapping[str, tuple[IPv4Interface, ...]]
    routes: tuple[IPv4Network, ...]
    uplink: str | None


@dataclass(frozen=True, slots=True)
class System:
    """What the files of a host say. `memory` is in bytes, of dom0 alone under Xen.

    `menu_memory` is the MiB that the menu of GRUB gives to dom0, where it says so.
    """

    distribution: str
    release: str
    name: str
    init: str
    kernel: str
    boot_id: str
    memory: int
    virtualisation: bool
    secure_boot: bool
    under_xen: bool
    dom0: bool
    forwarding: bool
    boots_xen: bool
    menu_memory: int | None
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """`Facts(...)` is all that is known of a host. `free` is bytes by mount point."""

    login: Login
    system: System
    packages: Packages
    network: Network
    units: Mapping[str, Unit]
    status: Mapping[str, Status]
    free: Mapping[str, int]
    sshd: Sshd


def parse_login(user: str, uid: str, groups: str) -> Login:
    """`parse_login(...)` is what `id -un`, `id -u` and `id -Gn` say."""
    name = user.strip()
    if not re.fullmatch(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?", name):
        raise NotUnderstoodError("id")
    return Login(name, _number(uid, "id"), frozenset(groups.split()))


def parse_texts(output: str, paths: Iterable[str] = TEXTS) -> dict[str, tuple[str, ...]]:
    """`parse_texts(output)` is the lines of each file, out of what `grep -H '' FILE...` prints.

    Files that are not there, or are empty, are not in it.
    """
    found: dict[str, list[str]] = {}
    known = frozenset(paths)
    for line in output.split("\n"):
        path, colon, text = line.partition(":")
        if colon and path in known:
            found.setdefault(path, []).append(text)
    return {path: tuple(lines) for path, lines in found.items()}


def parse_system(texts: Mapping[str, tuple[str, ...]]) -> System:
    """`parse_system(texts)` is what the files of a host say."""

    def first(path: str) -> str:
        return readable(texts.get(path, ("",))[0]).strip()

    release = _assignments(texts.get("/etc/os-release", ()))
    processor = _fields(texts.get("/proc/cpuinfo", ()))
    memory = re.fullmatch(
        r"(\d{1,15}) kB", _fields(texts.get("/proc/meminfo", ())).get("MemTotal", "")
    )
    if memory is None:
        raise NotUnderstoodError("/proc/meminfo")
    return System(
        distribution=release.get("ID", ""),
        release=release.get("VERSION_ID", ""),
        name=release.get("PRETTY_NAME", "") or release.get("ID", "") or "an unknown system",
        init=first("/proc/1/comm"),
        kernel=first("/proc/sys/kernel/osrelease"),
        boot_id=first("/proc/sys/kernel/random/boot_id"),
        memory=int(memory[1]) * 1024,
        virtualisation=not {"vmx", "svm"}.isdisjoint(processor.get("flags", "").split()),
        secure_boot=texts.get(SECURE_BOOT, ("",))[0].endswith("\x01"),
        under_xen=first("/sys/hypervisor/type") == "xen",
        dom0="control_d" in first("/proc/xen/capabilities"),
        forwarding=first("/proc/sys/net/ipv4/ip_forward") == "1",
        boots_xen=boots_xen(texts.get(GRUB_MENU, ())),
        menu_memory=dom0_memory("\n".join(texts.get(GRUB_MENU, ()))),
        files={path: "\n".join(texts[path]) + "\n" for path in OWN_FILES if path in texts},
    )


def parse_packages(output: str) -> Packages:
    """`parse_packages(output)` is what `dpkg-query` says; see `fata.host.probe` for its format."""
    installed: dict[str, str] = {}
    broken: list[str] = []
    architecture = ""
    for line in output.splitlines():
        match = _STATUS.fullmatch(line)
        if match is None:
            continue
        state, error, name, version, built_for = match.groups()
        if state[1] == "i" and error == " ":
            installed[name] = version
        elif state[1] not in "nc":
            broken.append(name)
        if name == "dpkg":
            architecture = built_for
    if "dpkg" not in installed:
        raise NotUnderstoodError("dpkg-query")
    return Packages(installed, tuple(sorted(broken)), architecture)


class _Address(msgspec.Struct):
    local: str = ""
    prefixlen: int = 32


class _Interface(msgspec.Struct):
    ifname: str = ""
    addr_info: list[_Address] = []


class _Route(msgspec.Struct):
    dst: str = ""
    dev: str = ""


def parse_network(addresses: str, routes: str) -> Network:
    """`parse_network(...)` is what `ip -json -4 address` and `ip -json -4 route` say."""
    try:
        interfaces = msgspec.json.decode(addresses or "[]", type=list[_Interface])
        table = msgspec.json.decode(routes or "[]", type=list[_Route])
        found = {
            readable(interface.ifname): tuple(
                IPv4Interface(f"{address.local}/{address.prefixlen}")
                for address in interface.addr_info
                if address.local
            )
            for interface in interfaces
        }
        networks = [IPv4Network(route.dst, strict=False) for route in table if _is_network(route)]
    except (ValueError, RecursionError):
        raise NotUnderstoodError("ip") from None
    uplinks = [readable(route.dev) for route in table if route.dst == "default" and route.dev]
    return Network(found, tuple(sorted(set(networks))), uplinks[0] if uplinks else None)


def parse_units(output: str) -> dict[str, Unit]:
    """`parse_units(output)` is what `systemctl show -p Id,UnitFileState,ActiveState` says."""
    units = {}
    for block in output.split("\n\n"):
        fields = _assignments(block.splitlines())
        if "Id" in fields:
            enabled = fields.get("UnitFileState", "").startswith("enabled")
            units[fields["Id"]] = Unit(enabled, fields.get("ActiveState") == "active")
    return units


def parse_status(output: str) -> dict[str, Status]:
    """`parse_status(output)` is what `stat --format='%a %U %n'` says."""
    matches = re.finditer(r"^([0-7]{1,5}) (\S+) (/.*)$", output, re.MULTILINE)
    return {match[3]: Status(int(match[1], 8), readable(match[2])) for match in matches}


def parse_free(output: str) -> dict[str, int]:
    """`parse_free(output)` is the bytes free by mount point that `df` says."""
    matches = re.finditer(r"^ *([0-9]{1,20}) +(/.*)$", output, re.MULTILINE)
    found = {match[2]: int(match[1]) for match in matches}
    if not found:
        raise NotUnderstoodError("df")
    return found


def _is_network(route: _Route) -> bool:
    return bool(route.dst) and route.dst[0].isdigit()


def _assignments(lines: Iterable[str]) -> dict[str, str]:
    """`NAME=value` and `NAME="value"` lines (os-release(5))."""
    rows = (line.partition("=") for line in lines)
    return {name: readable(value).strip().strip("\"'") for name, equals, value in rows if equals}


def _fields(lines: Iterable[str]) -> dict[str, str]:
    """`name : value` lines, of which the first of each name counts."""
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip(), readable(value).strip())
    return found


def _number(text: str, program: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text.strip(), re.ASCII):
        raise NotUnderstoodError(program)
    return int(text)
