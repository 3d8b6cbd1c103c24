"""Addresses as boot arguments: values of the module `ipaddress`, and those of network cards."""

from __future__ import annotations

import ipaddress

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


def _read(kind: Callable[[str], T], text: str, meaning: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"`{text}` is not {meaning}") from None


def ipv4(text: str) -> ipaddress.IPv4Address:
    """`ipv4(text)` is an IPv4 address. Raises `ValueError`."""
    return _read(ipaddress.IPv4Address, text, "an IPv4 address such as `10.0.0.2`")


def ipv6(text: str) -> ipaddress.IPv6Address:
    """`ipv6(text)` is an IPv6 address. Raises `ValueError`."""
    return _read(ipaddress.IPv6Address, text, "an IPv6 address such as `fd00::2`")


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """`address(text)` is an address of either family. Raises `ValueError`."""
    return _read(ipaddress.ip_address, text, "an IP address")


def network4(text: str) -> ipaddress.IPv4Network:
    """`network4(text)` is an IPv4 network (RFC 4632), without bits of a host."""
    return _read(ipaddress.IPv4Network, text, "an IPv4 network such as `10.0.0.0/24`")


def network6(text: str) -> ipaddress.IPv6Network:
    """`network6(text)` is an IPv6 network, without bits of a host. Raises `ValueError`."""
    return _read(ipaddress.IPv6Network, text, "an IPv6 network such as `fd00::/64`")


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """`network(text)` is a network of either family. Raises `ValueError`."""
    meaning = "a network such as `10.0.0.0/24`, without bits of a host"
    return _read(ipaddress.ip_network, text, meaning)


def mac(text: str) -> str:
    """`mac(text)` is the address of a network card: lower case, with colons."""
    parts = text.replace("-", ":").lower().split(":")
    if len(parts) != 6 or any(
        len(part) != 2 or not set(part) <= set("0123456789abcdef") for part in parts
    ):
        raise ValueError(f"`{text}` is not a MAC address such as `52:54:00:12:34:56`")
    return ":".join(parts)
