"""What programs of this host listen on: proc(5), `/proc/net/tcp` and its like."""

from __future__ import annotations

import contextlib
import sys
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from fata.settings.port import Protocol

_STATES = {Protocol.TCP: "0A", Protocol.UDP: "07"}  # listening, and not connected
_MAIN = IPv4Address("127.0.0.1")


def listened(protocol: Protocol, port: int, net: Path = Path("/proc/net")) -> bool:
    """`listened(protocol, port)` tells whether a program would lose that port to a route.

    That is one which listens on it for all addresses, or for an IPv4 address of this host. The
    loopback addresses but 127.0.0.1 do not count, since routes leave them alone.
    """
    for table in (protocol.value, f"{protocol.value}6"):
        with contextlib.suppress(OSError):
            for line in (net / table).read_text().splitlines()[1:]:
                columns = line.split()
                if len(columns) < 4 or columns[3] != _STATES[protocol]:
                    continue
                address, _, number = columns[1].rpartition(":")
                with contextlib.suppress(ValueError):
                    if int(number, 16) == port and _counts(address):
                        return True
    return False


def _counts(text: str) -> bool:
    """Whether an address is reached by IPv4 and led; words of it are in the host's byte order."""
    data = b"".join(
        int(text[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(text), 8)
    )
    if len(data) == 16:
        sixth = IPv6Address(data)
        if sixth == IPv6Address("::"):
            return True
        if sixth.ipv4_mapped is None:
            return False
        address = sixth.ipv4_mapped
    else:
        address = IPv4Address(data)
    return not address.is_loopback or address == _MAIN
