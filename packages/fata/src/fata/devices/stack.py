"""TCP/IP."""

from __future__ import annotations

from functoria import STRING, Device, Impl, Key, Stage

from fata.devices.target import by_target
from fata.devices.types import STACK
from fata.needs import Network

_STACK = "libos.net.socket_stack:SocketStack"


def socket_stack(*, group: str | None = None) -> Impl:
    """`socket_stack()` is the TCP/IP of the kernel below the program.

    A VM configures its first network interface, by DHCP unless `--ipv4` says otherwise; a
    process uses the network of its machine as it is.
    """
    return by_target(unix=_host_stack(), guest=_guest_stack(group))


def _host_stack() -> Impl:
    return Device(
        name="stack",
        type=STACK,
        constructor=_STACK,
        keywords={"manage": False},
        doc="the sockets of this machine",
    )


def _guest_stack(group: str | None) -> Impl:
    def argument(name: str, default: str | None, doc: str) -> Key[str | None]:
        return Key(  # type: ignore[misc]
            name=name, converter=STRING, default=default, doc=doc, stage=Stage.BOOT, group=group
        )

    return Device(
        name="stack",
        type=STACK,
        constructor=_STACK,
        keywords={
            "interface": "eth0",
            "ipv4": argument("ipv4", "dhcp", "address/prefix, `dhcp` or `none`"),
            "ipv4_gateway": argument("ipv4-gateway", None, "the router's address"),
            "dns": argument("dns", None, "addresses of name servers, separated by commas"),
        },
        needs=(Network("eth0"),),
        doc="the guest kernel's TCP/IP",
    )
