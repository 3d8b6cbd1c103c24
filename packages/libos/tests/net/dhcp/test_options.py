"""The values of DHCP options."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.net.dhcp import options
from libos.net.dhcp.options import MessageType, Option, StaticRoute
from libos.net.dhcp.wire import MalformedMessageError

KNOWN = [value for value in vars(options).values() if isinstance(value, Option)]


@pytest.mark.parametrize("option", KNOWN, ids=repr)
@given(data=st.binary(max_size=64))
def test_any_bytes_have_a_value_or_are_malformed(option: Option[Any], data: bytes) -> None:
    try:
        value = option.decode(data)
    except MalformedMessageError:
        return
    assert option.decode(option.encode(value)) == value


@pytest.mark.parametrize(
    ("option", "value", "data"),
    [
        (options.SUBNET_MASK, 22, "fffffc00"),
        (options.SUBNET_MASK, 0, "00000000"),
        (options.SUBNET_MASK, 32, "ffffffff"),
        (options.ROUTERS, ("10.0.0.1", "10.0.0.2"), "0a0000010a000002"),
        (options.LEASE_TIME, 3600, "00000e10"),
        (options.INTERFACE_MTU, 1500, "05dc"),
        (options.MESSAGE_TYPE, MessageType.ACK, "05"),
        (options.DOMAIN_NAME, "example.org", "6578616d706c652e6f7267"),
        (options.CLIENT_IDENTIFIER, b"\1abc", "01616263"),
        (
            # The example of RFC 3442: 10.17.0.0/16 and the default route.
            options.CLASSLESS_STATIC_ROUTES,
            (StaticRoute("10.17.0.0", 16, "10.0.0.1"), StaticRoute("0.0.0.0", 0, "10.0.0.2")),
            "100a110a000001" + "000a000002",
        ),
        (
            options.CLASSLESS_STATIC_ROUTES,
            (StaticRoute("10.198.122.47", 32, "0.0.0.0"),),
            "200ac67a2f00000000",
        ),
    ],
)
def test_values_and_their_bytes(option: Option[Any], value: object, data: str) -> None:
    assert option(value) == (option.code, bytes.fromhex(data))
    assert option.decode(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    ("option", "data"),
    [
        (options.SUBNET_MASK, "ff00ff00"),
        (options.SUBNET_MASK, "ffffff"),
        (options.ROUTERS, ""),
        (options.ROUTERS, "0a00000100"),
        (options.SERVER_IDENTIFIER, "0a0000"),
        (options.LEASE_TIME, "0e10"),
        (options.INTERFACE_MTU, "0043"),
        (options.MESSAGE_TYPE, "00"),
        (options.MESSAGE_TYPE, "09"),
        (options.CLIENT_IDENTIFIER, ""),
        (options.CLASSLESS_STATIC_ROUTES, ""),
        (options.CLASSLESS_STATIC_ROUTES, "210a110a000001"),
        (options.CLASSLESS_STATIC_ROUTES, "100a110a0000"),
    ],
)
def test_bytes_of_another_form_are_malformed(option: Option[Any], data: str) -> None:
    with pytest.raises(MalformedMessageError):
        option.decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    "name", [b"a\nnameserver 6.6.6.6", b"a b", b"-a", b"", b".", b"\xff", b"a" * 256]
)
def test_a_name_cannot_carry_anything_into_a_file(name: bytes) -> None:
    with pytest.raises(MalformedMessageError, match="the name"):
        options.DOMAIN_NAME.decode(name)


def test_host_bits_of_a_route_are_cleared() -> None:
    (route,) = options.CLASSLESS_STATIC_ROUTES.decode(bytes.fromhex("14c0a8ff0a000001"))
    assert route == StaticRoute("192.168.240.0", 20, "10.0.0.1")
