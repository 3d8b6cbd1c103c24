"""Routes: where packets leave."""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING

from libos.net.netlink import NLM_F_CREATE, NLM_F_REPLACE, Netlink, attribute

if TYPE_CHECKING:
    from libos.net.link import Link

RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY = 1, 4, 5, 6
RT_TABLE_MAIN, RTPROT_STATIC, RTN_UNICAST = 254, 4, 1
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK = 0, 253
RTNH_F_ONLINK = 4
_IPV6_METRIC = 1024  # what the kernel takes where none is said (IP6_RT_PRIO_USER)

_ROUTE = struct.Struct("=BBBBBBBBI")
# family, destination and source length, type of service, table, protocol, scope, type, flags


def add_route(
    netlink: Netlink, link: Link, destination: bytes, prefix_length: int, gateway: bytes | None
) -> None:
    """`add_route(...)` is done when packets for `destination/prefix_length` leave by `link`.

    They go to `gateway`, or straight to their destination if it is None. The gateway is taken to
    be on the link even if no subnet of the interface holds it. A default route is the one whose
    `prefix_length` is 0. An equal route is replaced. `OSError` carries the kernel's refusal.
    """
    body = _request(link, destination, prefix_length, gateway)
    netlink.change(RTM_NEWROUTE, body, NLM_F_CREATE | NLM_F_REPLACE)


def remove_route(
    netlink: Netlink, link: Link, destination: bytes, prefix_length: int, gateway: bytes | None
) -> None:
    """`remove_route(...)` is done when there is no such route; `OSError` as for `add_route`."""
    try:
        netlink.change(RTM_DELROUTE, _request(link, destination, prefix_length, gateway))
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise


def _request(link: Link, destination: bytes, prefix_length: int, gateway: bytes | None) -> bytes:
    ipv4 = len(destination) == 4
    # The kernel would look in vain for a subnet that holds the gateway of a /32: hence "on link".
    flags = RTNH_F_ONLINK if gateway is not None and ipv4 else 0
    scope = RT_SCOPE_LINK if gateway is None and ipv4 else RT_SCOPE_UNIVERSE
    body = _ROUTE.pack(
        socket.AF_INET if ipv4 else socket.AF_INET6,
        prefix_length, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST, flags,
    )  # fmt: skip
    body += attribute(RTA_DST, destination) + attribute(RTA_OIF, struct.pack("=I", link.index))
    if link.metric:
        metric = link.metric if ipv4 else _IPV6_METRIC + link.metric
        body += attribute(RTA_PRIORITY, struct.pack("=I", metric))
    return body if gateway is None else body + attribute(RTA_GATEWAY, gateway)
