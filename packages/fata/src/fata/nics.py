"""The interfaces of one run: which network each is on, and which ports lead to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fata.image.manifest import Manifest
from fata.qemu.machine import TapNic, UserNic
from fata.qemu.publish import Publish, parse_all
from fata.told import Told, arguments_of
from functoria import UsageError, UserError

INTERFACES = Path("/sys/class/net")
NIC = "--nic"
PUBLISH = "--publish"

_FIRST_SUBNET = 2
_LAST_SUBNET = 254
_SHAPE = re.compile(r"(?P<name>[^=]+)=(?:(?P<user>user)|tap:(?P<tap>[^,=/]+)(?:,mac=(?P<mac>.+))?)")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_FORMS = "write `NAME=user`, `NAME=tap:INTERFACE` or `NAME=tap:INTERFACE,mac=52:54:00:00:00:01`"


@dataclass(frozen=True, slots=True)
class Attachment:
    """`Attachment(name, tap, mac)` joins the interface `name` to the TAP device `tap` here.

    With `tap` `None` it is on a user-mode network of its own.
    """

    name: str
    tap: str | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """`Publication(name, port)` leads a port to the interface `name`; `None` is the first."""

    name: str | None
    port: Publish


def parse_attachments(texts: Iterable[str]) -> tuple[Attachment, ...]:
    """`parse_attachments(["front=tap:tap0"])` is what the texts say. Raises `UsageError`."""
    found: dict[str, Attachment] = {}
    for text in texts:
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise UsageError(f"`{text}` does not say what an interface is joined to", NIC, _FORMS)
        mac = match["mac"].lower() if match["mac"] else None
        if mac is not None and (not _MAC.fullmatch(mac) or int(mac[:2], 16) & 1):
            raise UsageError(
                f"`{match['mac']}` is not the hardware address of one interface",
                NIC,
                "write six bytes in hexadecimal of which the first is even, such as "
                "`52:54:00:00:00:01`",
            )
        if match["name"] in found:
            raise UsageError(
                f"the interface `{match['name']}` is joined to two networks", NIC, "choose one"
            )
        found[match["name"]] = Attachment(match["name"], match["tap"], mac)
    return tuple(found.values())


def parse_publications(texts: Iterable[str]) -> tuple[Publication, ...]:
    """`parse_publications(["front/8080:80"])` is what the texts say. Raises `UsageError`."""
    names: list[str | None] = []
    rest: list[str] = []
    for text in texts:
        name, slash, port = text.partition("/")
        named = bool(slash) and ":" not in name
        names.append(name if named else None)
        rest.append(port if named else text)
    ports = parse_all(rest, PUBLISH)
    return tuple(Publication(name, port) for name, port in zip(names, ports, strict=True))


def plan_nics(
    made: Manifest, attachments: Sequence[Attachment], publications: Sequence[Publication]
) -> tuple[UserNic | TapNic, ...]:
    """`plan_nics(manifest, attachments, publications)` is the interfaces, in declared order.

    What is not joined to anything has a user-mode network of its own. Raises `UsageError` for
    interfaces that the program does not have and for ports that lead nowhere.
    """
    names = [device.name for device in made.network]
    for attachment in attachments:
        _check_known(made, names, attachment.name, NIC)
    for publication in publications:
        _check_known(made, names, publication.name, PUBLISH)
    joined = {attachment.name: attachment for attachment in attachments}
    found: list[UserNic | TapNic] = []
    for number, name in enumerate(names):
        ports = tuple(
            publication.port
            for publication in publications
            if name == publication.name or (publication.name is None and number == 0)
        )
        attachment = joined.get(name, Attachment(name))
        if attachment.tap is None:
            found.append(UserNic(_mac(number), ports, subnet=_subnet(number)))
            continue
        if ports:
            raise UsageError(
                f"port {ports[0].guest} cannot be published: `{name}` is on the TAP device "
                f"`{attachment.tap}`",
                PUBLISH,
                "reach the guest by its address on that network, or name an interface that is "
                "on a user-mode network, as `-p NAME/8080:80`",
            )
        mac = attachment.mac or mac_on(made.name, name, attachment.tap)
        found.append(TapNic(mac, attachment.tap))
    _check_distinct(found)
    return tuple(found)


def check_taps(nics: Sequence[UserNic | TapNic], directory: Path = INTERFACES) -> None:
    """Raise `UserError` for a TAP device that this machine does not have (tun_flags of sysfs)."""
    for nic in nics:
        if not isinstance(nic, TapNic):
            continue
        place = directory / nic.interface
        if not (place / "tun_flags").exists():
            kind = "is no TAP device" if place.exists() else "is not there"
            raise UserError(
                f"the TAP device `{nic.interface}` {kind}",
                NIC,
                "name another, or make one: "
                f"`sudo ip tuntap add {nic.interface} mode tap user $USER`",
            )


class Addressed(Protocol):
    """A vif of any kind, as far as its guest knows it."""

    @property
    def mac(self) -> str:
        """Its hardware address."""
        ...


def words_of(made: Manifest, nics: Sequence[Addressed]) -> tuple[str, ...]:
    """`words_of(manifest, nics)` tells the kernel which interface is which."""
    pairs = zip(made.network, nics, strict=True)
    return tuple(f"fata.nic={device.name},{nic.mac}" for device, nic in pairs)


def addresses_of(
    made: Manifest, nics: Sequence[UserNic | TapNic], given: Sequence[str]
) -> tuple[str, ...]:
    """`addresses_of(manifest, nics, given)` is the boot arguments for user-mode networks.

    The addresses are said, not asked for: a guest starts sooner. An interface for which the
    operator has `given` arguments is left to them.
    """
    told = [
        Told(nic.address, nic.gateway, nic.resolver) if isinstance(nic, UserNic) else None
        for nic in nics
    ]
    return arguments_of(made, told, given)


def mac_on(program: str, name: str, device: str) -> str:
    """`mac_on(program, name, device)` is a hardware address that is the same at every run.

    It is another for each program, each of its interfaces, and each device of this machine, a TAP
    device or a bridge, that the interface is joined to.
    """
    digest = hashlib.sha256("\0".join((program, name, device)).encode()).digest()
    return "52:54:00:" + digest[:3].hex(":")


def _check_known(made: Manifest, names: Sequence[str], name: str | None, option: str) -> None:
    if not names:
        what = "port of it can be published" if option == PUBLISH else "interface can be joined"
        do = "leave out `-p`" if option == PUBLISH else f"leave out `{NIC}`"
        raise UsageError(
            f"{made.name} has no network, so that no {what}",
            option,
            f"{do}, or give the program a stack in config.py",
        )
    if name is not None and name not in names:
        known = ", ".join(f"`{known}`" for known in names)
        raise UsageError(
            f"{made.name} has no interface `{name}`", option, f"its interfaces are {known}"
        )


def _check_distinct(nics: Sequence[UserNic | TapNic]) -> None:
    taken: dict[str, str] = {}
    addresses: set[str] = set()
    for nic in nics:
        if isinstance(nic, TapNic):
            if nic.interface in taken:
                raise UsageError(
                    f"two interfaces are joined to the TAP device `{nic.interface}`",
                    NIC,
                    "make a TAP device for each, and join those to one bridge",
                )
            taken[nic.interface] = nic.mac
        if nic.mac in addresses:
            raise UsageError(
                f"two interfaces have the hardware address {nic.mac}", NIC, "change one of them"
            )
        addresses.add(nic.mac)


def _subnet(number: int) -> int:
    if number > _LAST_SUBNET - _FIRST_SUBNET:
        raise UsageError("there are no more user-mode networks", NIC, "join some to TAP devices")
    return _FIRST_SUBNET + number


def _mac(number: int) -> str:
    """A locally administered address, the same at every run: nothing outside ever sees it."""
    return f"52:54:00:fa:7a:{number:02x}"
