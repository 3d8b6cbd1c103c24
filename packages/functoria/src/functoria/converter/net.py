"""Addresses: of networks, hosts, ports and network cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from functoria.converter.model import Converter
from functoria.converter.plain import integer, is_integer, is_text

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network


def _port(text: str) -> int:
    number = integer(text)
    if not 0 < number < 65536:
        raise ValueError(f"`{text}` is not a port from 1 to 65535")
    return number


def _reader(kind: str, meaning: str) -> Callable[[str], object]:
    """A function that reads text by the constructor `kind` of the module `ipaddress`."""

    def parse(text: str) -> object:
        import ipaddress

        try:
            return getattr(ipaddress, kind)(text)
        except ValueError:
            raise ValueError(f"`{text}` is not {meaning}") from None

    return parse


def _checker(*kinds: str) -> Callable[[object], bool]:
    return lambda value: type(value).__module__ == "ipaddress" and type(value).__qualname__ in kinds


IPV4: Converter[IPv4Address] = Converter(
    "ipv4",
    _reader("IPv4Address", "an IPv4 address such as `10.0.0.2`"),  # type: ignore[arg-type]
    str,
    _checker("IPv4Address"),
)
IPV6: Converter[IPv6Address] = Converter(
    "ipv6",
    _reader("IPv6Address", "an IPv6 address such as `fd00::2`"),  # type: ignore[arg-type]
    str,
    _checker("IPv6Address"),
)
ADDRESS: Converter[Address] = Converter(
    "address",
    _reader("ip_address", "an IP address"),  # type: ignore[arg-type]
    str,
    _checker("IPv4Address", "IPv6Address"),
)
NETWORK4: Converter[IPv4Network] = Converter(
    "network4",
    _reader("IPv4Network", "an IPv4 network such as `10.0.0.0/24`"),  # type: ignore[arg-type]
    str,
    _checker("IPv4Network"),
)
NETWORK6: Converter[IPv6Network] = Converter(
    "network6",
    _reader("IPv6Network", "an IPv6 network such as `fd00::/64`"),  # type: ignore[arg-type]
    str,
    _checker("IPv6Network"),
)
NETWORK: Converter[Network] = Converter(
    "network",
    _reader("ip_network", "a network such as `10.0.0.0/24`, without bits of a host"),  # type: ignore[arg-type]
    str,
    _checker("IPv4Network", "IPv6Network"),
)
"""A network in CIDR form; an address with bits of a host in it is refused (RFC 4632)."""


def _mac(text: str) -> str:
    parts = text.replace("-", ":").lower().split(":")
    if len(parts) != 6 or any(
        len(part) != 2 or not set(part) <= set("0123456789abcdef") for part in parts
    ):
        raise ValueError(f"`{text}` is not a MAC address such as `52:54:00:12:34:56`")
    return ":".join(parts)


def _is_mac(value: object) -> bool:
    try:
        return isinstance(value, str) and _mac(value) == value
    except ValueError:
        return False


PORT = Converter(
    "port",
    _port,
    str,
    lambda value: is_integer(value) and isinstance(value, int) and 0 < value < 65536,
)
MAC = Converter("mac", _mac, str, lambda value: is_text(value) and _is_mac(value))
"""A MAC address as text: lower case, with colons."""
