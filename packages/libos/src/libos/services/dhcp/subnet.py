"""The network that is served: the addresses to give away, and what clients are told with them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from libos.boot.outcome import BAD_ARGUMENT, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

_HARDWARE_BYTES = 6


class InvalidSubnet(Outcome):
    """Addresses that make no network to serve: a bad argument."""

    def __init__(self, what: str) -> None:
        super().__init__(BAD_ARGUMENT, what)


class Subnet:
    """`Subnet("10.0.0.1/24", "10.0.0.100-10.0.0.199")` is the network that a server is in.

    The first is the server's own address, the second the range to give away, both ends included.
    `routers` and `dns` are addresses and `domain` a name that clients are told of. Leases last
    `lease_seconds` unless the client asks for less, or for more, up to `max_lease_seconds`.
    `hosts` are addresses kept for hardware addresses, such as `{"52:54:00:00:00:07": "10.0.0.7"}`;
    they may lie outside of the range. Raises `InvalidSubnet`.
    """

    __slots__ = (
        "dns", "domain", "first", "hosts", "last", "lease_seconds", "mask", "max_lease_seconds",
        "network", "prefix_length", "routers", "server",
    )  # fmt: skip

    def __init__(
        self,
        server: str,
        range_: str,
        *,
        routers: tuple[str, ...] = (),
        dns: tuple[str, ...] = (),
        domain: str | None = None,
        lease_seconds: int = 3600,
        max_lease_seconds: int = 86400,
        hosts: Mapping[str, str] | None = None,
    ) -> None:
        address, slash, length = server.partition("/")
        if not slash or not length.isdecimal() or not 1 <= int(length) <= 30:
            raise InvalidSubnet(f"`{server}` is not the server's address and prefix: 10.0.0.1/24")
        first, dash, last = range_.partition("-")
        if not dash:
            raise InvalidSubnet(f"`{range_}` is not a range of addresses: 10.0.0.100-10.0.0.199")
        if not 1 <= lease_seconds <= max_lease_seconds:
            raise InvalidSubnet(
                f"a lease of {lease_seconds} s, and {max_lease_seconds} s at most, cannot be"
            )
        self.prefix_length: Final = int(length)
        self.mask: Final = 0xFFFFFFFF << (32 - self.prefix_length) & 0xFFFFFFFF
        self.server: Final = _number(address)
        self.network: Final = self.server & self.mask
        self.first: Final = self._inside(first)
        self.last: Final = self._inside(last)
        if self.first > self.last:
            raise InvalidSubnet(f"the range {range_} ends before it begins")
        self.routers: Final = tuple(text_of(_number(router)) for router in routers)
        self.dns: Final = tuple(text_of(_number(server)) for server in dns)
        self.domain: Final = domain
        self.lease_seconds: Final = lease_seconds
        self.max_lease_seconds: Final = max_lease_seconds
        self.hosts: Final = self._hosts(hosts or {})

    def gives(self, address: int) -> bool:
        """`gives(a)` is whether `a` is for any client that comes, first come, first served."""
        return (
            self.first <= address <= self.last
            and address != self.server
            and address not in self.hosts.values()
        )

    def contains(self, address: int) -> bool:
        """`contains(a)` is whether `a` is of this network."""
        return address & self.mask == self.network

    def _inside(self, text: str) -> int:
        """The address that `text` spells, which a host of this network may have."""
        number = _number(text.strip())
        last = 0xFFFFFFFF >> self.prefix_length
        if not self.contains(number) or number - self.network in {0, last}:
            raise InvalidSubnet(
                f"`{text.strip()}` is not a host of {text_of(self.network)}/{self.prefix_length}"
            )
        return number

    def _hosts(self, hosts: Mapping[str, str]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for hardware, text in hosts.items():
            try:
                packed = bytes.fromhex(hardware.replace(":", ""))
            except ValueError:
                packed = b""
            if len(packed) != _HARDWARE_BYTES:
                raise InvalidSubnet(f"`{hardware}` is not a hardware address: 52:54:00:00:00:07")
            address = self._inside(text)
            if address in found.values() or address == self.server:
                raise InvalidSubnet(f"`{text}` is kept for two hosts")
            found[packed] = address
        return found


def _number(text: str) -> int:
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except (OSError, ValueError):
        raise InvalidSubnet(f"`{text}` is not an IPv4 address") from None


def text_of(number: int) -> str:
    """`text_of(number)` is an address as it is written."""
    return socket.inet_ntoa(number.to_bytes(4, "big"))
