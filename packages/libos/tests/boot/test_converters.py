"""Converters of boot arguments, each with what it reads and what it says of the rest."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest

from libos.boot.converters import converter


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("str", "", ""),
        ("int", "-12", -12),
        ("bool", "Yes", True),
        ("bool", "0", False),
        ("port", "65535", 65535),
        ("path", "/etc/x y", "/etc/x y"),
        ("list of str", " a, b ,,", ("a", "b")),
        ("words", "a,b", ("a", "b")),
        ("list of port", "80,443", (80, 443)),
        ("ipv4", "10.0.0.1", IPv4Address("10.0.0.1")),
        ("ipv6", "FD00::1", IPv6Address("fd00::1")),
        ("address", "::1", IPv6Address("::1")),
        ("network4", "10.0.0.0/8", IPv4Network("10.0.0.0/8")),
        ("network", "10.0.0.1", IPv4Network("10.0.0.1/32")),
        ("mac", "52-54-00-AB-cd-0f", "52:54:00:ab:cd:0f"),
        ("size", "512", 512),
        ("size", "64MiB", 64 << 20),
        ("size", "1.5GB", 1_500_000_000),
        ("size", "1 kB", 1000),
        ("duration", "250ms", 0.25),
        ("duration", "1h30m", 5400.0),
        ("duration", "10", 10.0),
    ],
)
def test_what_is_read(name: str, text: str, value: object) -> None:
    found = converter(name)(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("int", "1.5", "`1.5` is not a whole number"),
        ("int", "\u0663", "`\u0663` is not a whole number"),
        ("bool", "maybe", "`maybe` is not `true` or `false`"),
        ("port", "0", "`0` is not a port from 1 to 65535"),
        ("path", "", "`` is not a path"),
        ("ipv4", "fd00::1", "`fd00::1` is not an IPv4 address such as `10.0.0.2`"),
        ("ipv6", "10.0.0.1", "`10.0.0.1` is not an IPv6 address such as `fd00::2`"),
        ("network4", "10.0.0.1/8", "`10.0.0.1/8` is not an IPv4 network such as `10.0.0.0/24`"),
        ("mac", "52:54:00", "`52:54:00` is not a MAC address such as `52:54:00:12:34:56`"),
        ("size", "1.0001kB", "`1.0001kB` is not a whole number of bytes"),
        ("size", "many", "`many` is not a size such as `512`, `64MiB` or `1.5GB`"),
        ("duration", "soon", "`soon` is not a duration such as `250ms`, `1.5s` or `1h30m`"),
        ("duration", "1h 5m", "`1h 5m` is not a duration such as `250ms`, `1.5s` or `1h30m`"),
    ],
)
def test_what_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        converter(name)(text)
    assert str(caught.value) == message


def test_choices_hold_for_each_of_a_list() -> None:
    read = converter("list of choice", ("tcp", "udp"))
    assert read("udp,tcp") == ("udp", "tcp")
    with pytest.raises(ValueError, match="`icmp` is not one of `tcp`, `udp`"):
        read("udp,icmp")
