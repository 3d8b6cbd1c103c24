"""What a DHCP server granted."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from libos.net.dhcp import options
from libos.net.dhcp.message import NO_ADDRESS, Message
from libos.net.dhcp.options import INFINITE, StaticRoute
from libos.net.dhcp.wire import MalformedMessageError
from libos.net.value import Value

if TYPE_CHECKING:
    from typing import Final, TypeVar

    from libos.net.dhcp.options import Option

    T = TypeVar("T")

_LEAST_MTU = 576  # RFC 791: what every link must carry; less is taken for a fault


class Lease(Value):
    """`Lease(...)` is an address with what belongs to it, and for how long.

    `seconds`, `renewal` (T1) and `rebinding` (T2) count from the moment of the request and are
    None if the lease never ends. `routes` hold the default route too, as 0.0.0.0/0.
    """

    __slots__ = (
        "address", "dns", "domain", "hostname", "mtu", "prefix_length",
        "rebinding", "renewal", "routes", "seconds", "server",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - these are the parts of a lease
        self,
        *,
        address: str,
        prefix_length: int,
        server: str,
        seconds: int | None = None,
        renewal: int | None = None,
        rebinding: int | None = None,
        routes: tuple[StaticRoute, ...] = (),
        dns: tuple[str, ...] = (),
        domain: str | None = None,
        hostname: str | None = None,
        mtu: int | None = None,
    ) -> None:
        self.address: Final = address
        self.prefix_length: Final = prefix_length
        self.server: Final = server
        self.seconds: Final = seconds
        self.renewal: Final = renewal
        self.rebinding: Final = rebinding
        self.routes: Final = routes
        self.dns: Final = dns
        self.domain: Final = domain
        self.hostname: Final = hostname
        self.mtu: Final = mtu


def lease_of(message: Message) -> Lease:
    """`lease_of(message)` is the lease that an OFFER or ACK describes.

    `MalformedMessageError` is raised if it lacks an address, a server identifier or a lease time.
    Options beyond these that are malformed count as absent: a lease without a domain name is
    better than no network.
    """
    server = message.get(options.SERVER_IDENTIFIER)
    seconds = message.get(options.LEASE_TIME)
    if message.yiaddr == NO_ADDRESS or server is None or not seconds:
        raise MalformedMessageError("a grant without address, server identifier or lease time")
    renewal, rebinding = _timers(message, seconds)
    mtu = _forgiving(message, options.INTERFACE_MTU)
    prefix_length = _forgiving(message, options.SUBNET_MASK)
    return Lease(
        address=socket.inet_ntoa(message.yiaddr),
        prefix_length=prefix_length or _class_prefix_length(message.yiaddr),
        server=server,
        seconds=None if seconds == INFINITE else seconds,
        renewal=renewal,
        rebinding=rebinding,
        routes=_routes(message),
        dns=_forgiving(message, options.DOMAIN_NAME_SERVERS) or (),
        domain=_forgiving(message, options.DOMAIN_NAME),
        hostname=_forgiving(message, options.HOST_NAME),
        mtu=mtu if mtu is not None and mtu >= _LEAST_MTU else None,
    )


def _forgiving(message: Message, option: Option[T]) -> T | None:
    try:
        return message.get(option)
    except MalformedMessageError:
        return None


def _timers(message: Message, seconds: int) -> tuple[int | None, int | None]:
    """T1 and T2, by default a half and seven eighths of the lease (RFC 2131, section 4.4.5)."""
    if seconds == INFINITE:
        return None, None
    rebinding = _forgiving(message, options.REBINDING_TIME) or seconds * 7 // 8
    rebinding = min(rebinding, seconds)
    renewal = _forgiving(message, options.RENEWAL_TIME) or seconds // 2
    return min(renewal, rebinding), rebinding


def _routes(message: Message) -> tuple[StaticRoute, ...]:
    """The routes of option 121, which rules out those of option 3 (RFC 3442)."""
    routes = _forgiving(message, options.CLASSLESS_STATIC_ROUTES)
    if routes is not None:
        return routes
    routers = _forgiving(message, options.ROUTERS)
    return (StaticRoute("0.0.0.0", 0, routers[0]),) if routers else ()  # noqa: S104 - a route


def _class_prefix_length(address: bytes) -> int:
    """The subnet of an address without a mask, by the classes of RFC 791."""
    return 8 if address[0] < 128 else 16 if address[0] < 192 else 24
