"""Addresses as they are written in boot arguments."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.net.address import InterfaceAddress, parse_gateway, parse_interface_address
from libos.net.error import InvalidAddressError


def read(text: str) -> InterfaceAddress:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return parse_interface_address(text, "ipv6" if ":" in text else "ipv4", family)


def test_an_address_has_a_subnet_and_a_broadcast_address() -> None:
    address = read("10.1.2.3/22")
    assert (address.address, address.prefix_length) == ("10.1.2.3", 22)
    assert str(address.network) == "10.1.0.0/22"
    assert address.broadcast == bytes([10, 1, 3, 255])
    assert address.contains(bytes([10, 1, 3, 9]))
    assert not address.contains(bytes([10, 1, 4, 9]))


def test_an_ipv6_address_has_no_broadcast_address_and_is_written_as_the_kernel_does() -> None:
    address = read("FD00:0:0::2/64")
    assert str(address) == "fd00::2/64"
    assert address.broadcast is None
    assert address.family == socket.AF_INET6


@given(st.ip_addresses(), st.data())
def test_the_subnet_is_the_one_the_standard_library_computes(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, address.max_prefixlen))
    ours = InterfaceAddress(str(address), length)
    theirs = ipaddress.ip_interface(f"{address}/{length}")
    assert ours.network.packed == theirs.network.network_address.packed
    assert ours.network.prefix_length == length
    if ours.broadcast is not None:
        assert ours.broadcast == theirs.network.broadcast_address.packed


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("10.0.0.2", "`10.0.0.2` has no prefix length"),
        ("10.0.0.2/", "`10.0.0.2/` has no prefix length"),
        ("10.0.0.2/255.255.255.0", "`10.0.0.2/255.255.255.0` has no prefix length"),
        ("10.0.0.2/33", "`/33` is not between /0 and /32"),
        ("10.0.0.300/24", "`10.0.0.300` is not an IP address"),
        ("10.0.2/24", "`10.0.2` is not an IP address"),
        ("10.0.0.02/24", "`10.0.0.02` is not an IP address"),
        ("eth0/24", "`eth0` is not an IP address"),
        ("", "`` has no prefix length"),
        ("10.0.0.2\0/24", "`10.0.0.2\0` is not an IP address"),
        ("0.0.0.0/8", "`0.0.0.0/8` is the unspecified address"),
        ("224.0.0.1/24", "`224.0.0.1/24` is a multicast or reserved address"),
        ("10.0.0.1/0", "`10.0.0.1/0` is an address in a subnet as large as the whole Internet"),
        ("10.0.0.255/24", "`10.0.0.255/24` is the broadcast address of its subnet 10.0.0.0/24"),
        ("10.0.0.0/24", "`10.0.0.0/24` is the address of a subnet, not of a host in it"),
        ("ff02::1/64", "`ff02::1/64` is a multicast or reserved address"),
        ("fd00::2/129", "`/129` is not between /0 and /128"),
    ],
)
def test_an_address_no_host_can_have_is_refused_by_name(text: str, what: str) -> None:
    with pytest.raises(InvalidAddressError) as raised:
        read(text)
    assert raised.value.what == what
    assert raised.value.where == f"--{'ipv6' if ':' in text else 'ipv4'}={text}"
    assert raised.value.do


def test_the_other_family_is_refused_with_an_example_of_the_right_one() -> None:
    with pytest.raises(InvalidAddressError, match=r"not an IPv4 address.*--ipv4=10\.0\.0\.2/24"):
        parse_interface_address("fd00::2/64", "ipv4", socket.AF_INET)
    with pytest.raises(InvalidAddressError, match=r"not an IPv6 address.*--ipv6=fd00::2/64"):
        parse_interface_address("10.0.0.2/24", "ipv6", socket.AF_INET6)


@pytest.mark.parametrize("text", ["10.0.0.2/31", "10.0.0.0/31", "10.0.0.2/32"])
def test_point_to_point_and_single_host_addresses_are_taken(text: str) -> None:
    assert str(read(text)) == text


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_interface_address(text, "ipv4", socket.AF_INET)
    except InvalidAddressError:
        return
    assert ipaddress.ip_interface(str(address)).ip.packed == address.packed


def test_a_gateway_is_in_the_subnet() -> None:
    address = read("10.0.0.2/24")
    assert parse_gateway("10.0.0.1", "ipv4-gateway", address) == bytes([10, 0, 0, 1])


def test_a_gateway_outside_of_the_subnet_is_refused_with_both_ways_out() -> None:
    with pytest.raises(InvalidAddressError) as raised:
        parse_gateway("10.0.1.1", "ipv4-gateway", read("10.0.0.2/24"))
    assert str(raised.value) == (
        "gateway `10.0.1.1` is outside of the subnet 10.0.0.0/24 (at --ipv4-gateway=10.0.1.1); "
        "give a gateway in 10.0.0.0/24, or correct the prefix length of 10.0.0.2/24"
    )


def test_a_single_host_may_have_any_gateway_as_in_some_clouds() -> None:
    assert parse_gateway("172.31.1.1", "ipv4-gateway", read("203.0.113.5/32"))
    assert parse_gateway("fe80::1", "ipv6-gateway", read("2001:db8::5/64"))


@pytest.mark.parametrize("text", ["10.0.0.1/24", "gateway", "fd00::1", "10.0.0.2", ""])
def test_what_is_no_gateway_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddressError, match="--ipv4-gateway="):
        parse_gateway(text, "ipv4-gateway", read("10.0.0.2/24"))
