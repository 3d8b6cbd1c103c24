"""Network interfaces: which there are, waiting for one, bringing one up."""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING

from libos.net.error import ConfigurationError, InterfaceMissingError
from libos.net.netlink import Netlink, attribute, attributes
from libos.net.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

RTM_NEWLINK, RTM_GETLINK = 16, 18
IFF_UP, IFF_LOOPBACK = 0x1, 0x8
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_AF_SPEC = 1, 3, 4, 26
IFLA_INET_CONF, ARP_ANNOUNCE, ARP_IGNORE, ARP_NOTIFY = 1, 18, 19, 22
IFLA_INET6_ADDR_GEN_MODE, ADDR_GEN_MODE_NONE = 8, 1

_LINK = struct.Struct("=BxHiII")  # family, ARP hardware type, index, flags, mask of changed flags
_POLL_SECONDS = 0.02


class Link(Value):
    """`Link(index, name, mac, mtu, up, loopback)` is one interface as the kernel sees it now.

    `mac` is its hardware address (six bytes on Ethernet, or empty) and `mtu` is in bytes.
    `metric` is what its routes are given: of two routes to one place the lower metric wins.
    """

    __slots__ = ("index", "loopback", "mac", "metric", "mtu", "name", "up")

    def __init__(
        self,
        index: int,
        name: str,
        mac: bytes,
        mtu: int,
        *,
        up: bool,
        loopback: bool,
        metric: int = 0,
    ) -> None:
        self.index: Final = index
        self.name: Final = name
        self.mac: Final = mac
        self.mtu: Final = mtu
        self.up: Final = up
        self.loopback: Final = loopback
        self.metric: Final = metric

    def with_metric(self, metric: int) -> Link:
        """`link.with_metric(metric)` is the link with that metric for its routes."""
        return Link(
            self.index,
            self.name,
            self.mac,
            self.mtu,
            up=self.up,
            loopback=self.loopback,
            metric=metric,
        )


def list_links(netlink: Netlink) -> list[Link]:
    """`list_links(netlink)` are the interfaces in the order in which the kernel made them."""
    return sorted(map(_link, netlink.dump(RTM_GETLINK, _LINK.pack(0, 0, 0, 0, 0))), key=_by_index)


def _by_index(link: Link) -> int:
    return link.index


def _link(body: bytes) -> Link:
    _, _, index, flags, _ = _LINK.unpack_from(body)
    found = attributes(body[_LINK.size :])
    return Link(
        index,
        found[IFLA_IFNAME].rstrip(b"\0").decode("utf-8", "surrogateescape"),
        found.get(IFLA_ADDRESS, b""),
        int.from_bytes(found.get(IFLA_MTU, b""), "little"),
        up=bool(flags & IFF_UP),
        loopback=bool(flags & IFF_LOOPBACK),
    )


def find_link(netlink: Netlink, name: str) -> Link | None:
    """`find_link(netlink, name)` is the interface of that name, or None."""
    return _named(list_links(netlink), name)


def _named(links: list[Link], name: str) -> Link | None:
    return next((link for link in links if link.name == name), None)


async def wait_for(
    netlink: Netlink, pick: Callable[[list[Link]], Link | None], limit: float
) -> Link | None:
    """`wait_for(netlink, pick, limit)` is the interface that `pick` takes, as soon as it does.

    It is None if there is none after `limit` seconds.
    """
    link = pick(list_links(netlink))
    if link is not None:
        return link
    import asyncio

    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit
    while loop.time() < deadline:
        await asyncio.sleep(_POLL_SECONDS)
        link = pick(list_links(netlink))
        if link is not None:
            return link
    return None


async def wait_for_link(netlink: Netlink, name: str, limit: float) -> Link:
    """`wait_for_link(netlink, name, limit)` is the interface as soon as the kernel has it.

    A kernel that probes its devices late has none yet when PID 1 starts. `InterfaceMissingError` is
    raised after `limit` seconds.
    """
    link = await wait_for(netlink, lambda links: _named(links, name), limit)
    if link is not None:
        return link
    others = [link.name for link in list_links(netlink) if not link.loopback]
    raise InterfaceMissingError(
        f"network interface `{name}` did not appear within {limit:g} s; "
        f"the kernel has {', '.join(f'`{other}`' for other in others) or 'no other than loopback'}",
        f"--interface={name}",
        "check that the host gives this VM a network device and that the kernel has its driver"
        if not others
        else f"name one of these or give the VM a further network device for `{name}`",
    )


def bring_up(netlink: Netlink, link: Link, *, mtu: int | None = None, ipv6: bool = True) -> None:
    """`bring_up(netlink, link)` is done when the interface is up, with `mtu` bytes if given.

    Bringing up the loopback interface gives it 127.0.0.1 and ::1; bringing up any other gives it
    a link-local IPv6 address, unless `ipv6` is false, which also stops autoconfiguration (SLAAC).
    An interface speaks for its own addresses only, so that two may be on one network.
    """
    if not ipv6:
        _without_ipv6(netlink, link)
    body = _LINK.pack(socket.AF_UNSPEC, 0, link.index, IFF_UP, IFF_UP)
    if not link.loopback:
        body += attribute(IFLA_AF_SPEC, attribute(socket.AF_INET, _strict_arp()))
    if mtu is not None:
        body += attribute(IFLA_MTU, struct.pack("=I", mtu))
    try:
        netlink.change(RTM_NEWLINK, body)
    except OSError as error:
        what = f"the kernel refused to bring up `{link.name}`"
        what += f" with an MTU of {mtu}" if mtu is not None else ""
        do = "check the device on the host"
        if error.errno == errno.EPERM:
            do = "use the target `unix` for a process that shall leave its host's network alone"
        elif mtu is not None:
            do = "check the MTU against what the host's bridge and device offer"
        raise ConfigurationError(
            f"{what}: {error.strerror}", f"--interface={link.name}", do
        ) from error


def _strict_arp() -> bytes:
    """What `arp_ignore`, `arp_announce` and `arp_notify` of the interface are set to.

    By default Linux answers on every interface for the addresses of all, so that neighbours of two
    of them believe the one that answers first. Source: Linux, `networking/ip-sysctl`.
    """
    settings = ((ARP_IGNORE, 1), (ARP_ANNOUNCE, 2), (ARP_NOTIFY, 1))
    values = b"".join([attribute(name, struct.pack("=I", value)) for name, value in settings])
    return attribute(IFLA_INET_CONF, values)


def _without_ipv6(netlink: Netlink, link: Link) -> None:
    mode = attribute(IFLA_INET6_ADDR_GEN_MODE, bytes([ADDR_GEN_MODE_NONE]))
    body = _LINK.pack(socket.AF_UNSPEC, 0, link.index, 0, 0)
    body += attribute(IFLA_AF_SPEC, attribute(socket.AF_INET6, mode))
    try:
        netlink.change(RTM_NEWLINK, body)
    except OSError:
        # A kernel without IPv6 refuses the setting, and has nothing to switch off.
        return
