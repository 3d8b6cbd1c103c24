"""TCP/IP."""

from __future__ import annotations

from typing import TypeVar

from fata.devices.network import DEFAULT, name_of
from fata.devices.network import network as network_
from fata.devices.target import by_target
from fata.devices.types import NETWORK, STACK
from functoria import STRING, WORDS, Converter, Device, Impl, Key, Stage

T = TypeVar("T")

_STACK = "libos.net.socket_stack:SocketStack"


def socket_stack(network: Impl | None = None, *, group: str | None = None) -> Impl:
    """`socket_stack()` is the TCP/IP of the kernel below the program.

    A VM configures a network interface, by DHCP unless `--ipv4` says otherwise; a process uses
    the network of its machine as it is. `socket_stack(network("front"))`, or in short
    `socket_stack(group="front")`, is that of the interface `front`, whose boot arguments are
    `--front-ipv4` and so on. Two stacks are two interfaces.
    """
    if network is None:
        network = network_(group or DEFAULT)
    elif group is None:
        name = name_of(network)
        group = None if name == DEFAULT else name
    return by_target(unix=_host_stack(), guest=_guest_stack(group)(network))


def _host_stack() -> Impl:
    return Device(
        name="stack",
        type=STACK,
        constructor=_STACK,
        keywords={"manage": False},
        doc="the sockets of this machine",
    )


def _guest_stack(group: str | None) -> Impl:
    def argument(name: str, converter: Converter[T], default: T | None, doc: str) -> Key[T]:
        return Key(
            name=name,
            converter=converter,
            default=default,
            doc=doc,
            stage=Stage.BOOT,
            group=group,
        )

    return Device(
        name="stack",
        type=NETWORK >> STACK,
        constructor=_STACK,
        labels=("network",),
        keywords={
            **({} if group is None else {"group": group}),
            "ipv4": argument("ipv4", STRING, "dhcp", "address/prefix, `dhcp` or `none`"),
            "ipv4_gateway": argument("ipv4-gateway", STRING, None, "the IPv4 router's address"),
            "ipv6": argument("ipv6", STRING, "auto", "address/prefix, `auto` or `none`"),
            "ipv6_gateway": argument("ipv6-gateway", STRING, None, "the IPv6 router's address"),
            "dns": argument("dns", WORDS, (), "name servers to ask first, comma between"),
            "hostname": argument("hostname", STRING, None, "the name to tell a DHCP server"),
        },
        doc="the guest kernel's TCP/IP",
    )
