"""Where a port of the host leads."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from fata.deploy.drivers.spec import check_name
from fata.settings.port import Protocol


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """`Endpoint(address, port)` is where a guest is reached from the host.

    That is its own IPv4 address and port, or, on a user-mode network, those of this host that
    QEMU leads to it. Raises `ValueError` for what is neither.
    """

    address: str
    port: int

    def __post_init__(self) -> None:
        try:
            plain = str(IPv4Address(self.address)) == self.address
        except AddressValueError:
            plain = False
        if not plain:
            raise ValueError(f"`{self.address}` is not an IPv4 address")
        _check_port(self.port)

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """`Route(protocol, port, guest, to)` leads port `port` of the host to `to`.

    `guest` is the name of the guest that is reached there. Raises `ValueError` for what is no
    port and no name.
    """

    protocol: Protocol
    port: int
    guest: str
    to: Endpoint

    def __post_init__(self) -> None:
        _check_port(self.port)
        check_name(self.guest)

    def __str__(self) -> str:
        return f"{self.port}/{self.protocol.value} leads to {self.to}, {self.guest}"


def _check_port(number: int) -> None:
    if not 1 <= number <= 65535:
        raise ValueError(f"{number} is not a port")
