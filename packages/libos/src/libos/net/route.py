"""Routes: where packets leave."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from libos.net.netlink import NLM_F_CREATE, NLM_F_REPLACE, Netlink, attribute

if TYPE_CHECKING:
    from libos.net.link import Link

RTM_NEWROUTE = 24
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PREFSRC = 1, 4, 5, 7
RT_TABLE_MAIN, RTPROT_STATIC, RTN_UNICAST = 254, 4, 1
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK = 0, 253
RTNH_F_ONLINK = 4

_ROUTE = struct.Struct("=BBBBBBBBI")
# family, destination and source length, type of service, table, protocol, scope, type, flags


def add_route(
    netlink: Netlink,
    link: Link,
    destination: bytes,
    prefix_length: int,
    gateway: bytes | None,
    source: bytes | None = None,
) -> None:
    """`add_route(...)` is done when packets for `destination/prefix_length` leave by `link`.

    They go to `gateway`, or straight to their destination if it is None. The gateway is taken to
    be on the link even if no subnet of the interface holds it. A default route is the one whose
    `prefix_length` is 0. An equal route is replaced. `OSError` carries the kernel's refusal.
    """
    family = socket.AF_INET if len(destination) == 4 else socket.AF_INET6
    # The kernel checks in vain for a subnet holding the gateway of a /32, hence "on link".
    flags = RTNH_F_ONLINK if gateway is not None and family == socket.AF_INET else 0
    scope = RT_SCOPE_LINK if gateway is None and family == socket.AF_INET else RT_SCOPE_UNIVERSE
    body = _ROUTE.pack(
        family, prefix_length, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST, flags
    )
    body += attribute(RTA_DST, destination) + attribute(RTA_OIF, struct.pack("=I", link.index))
    if gateway is not None:
        body += attribute(RTA_GATEWAY, gateway)
    if source is not None:
        body += attribute(RTA_PREFSRC, source)
    netlink.change(RTM_NEWROUTE, body, NLM_F_CREATE | NLM_F_REPLACE)
