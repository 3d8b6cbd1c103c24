"""Telling the neighbours who has an address now (RFC 5227, section 3)."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

    from libos.net.link import Link

INTERVAL: Final = 2.0
"""Seconds until an announcement is repeated (RFC 5227, section 1.1, ANNOUNCE_INTERVAL)."""

ETH_P_IP, ETH_P_ARP = 0x0800, 0x0806
_ETHERNET, _REQUEST = 1, 1
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_EVERYONE = b"\xff" * 6


def announce(link: Link, address: str) -> None:
    """`announce(link, address)` is done when the kernel has the announcement of an IPv4 address.

    Neighbours that knew another machine by this address, such as the guest that this one replaces,
    find this one at once. Where it cannot be sent, they do so when their memory of the other ends.
    """
    if len(link.mac) != len(_EVERYONE):
        return
    ours = socket.inet_aton(address)
    packet = _ARP.pack(_ETHERNET, ETH_P_IP, 6, 4, _REQUEST, link.mac, ours, bytes(6), ours)
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as raw:
            raw.sendto(packet, (link.name, ETH_P_ARP, 0, 0, _EVERYONE))
    except OSError:
        return
