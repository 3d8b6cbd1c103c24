"""The network's boot arguments together."""

from __future__ import annotations

from typing import Any

import pytest

from libos.net.error import InvalidAddressError
from libos.net.settings import Settings


def settings(**given: Any) -> Settings:
    usual: dict[str, Any] = {
        "ipv4": "dhcp",
        "ipv4_gateway": None,
        "ipv6": "auto",
        "ipv6_gateway": None,
        "dns": (),
        "hostname": None,
    }
    return Settings(**{**usual, **given})


def test_dhcp_and_autoconfiguration_need_no_address() -> None:
    assert (settings().ipv4, settings().ipv6) == (None, None)


def test_static_addresses_come_with_their_gateways() -> None:
    found = settings(
        ipv4="10.0.0.2/24",
        ipv4_gateway="10.0.0.1",
        ipv6="fd00::2/64",
        ipv6_gateway="fd00::1",
        dns=("9.9.9.9", "2620:FE::FE"),
        hostname="www-1.example",
    )
    assert str(found.ipv4) == "10.0.0.2/24"
    assert found.ipv4_gateway == bytes([10, 0, 0, 1])
    assert str(found.ipv6) == "fd00::2/64"
    assert found.dns == ("9.9.9.9", "2620:fe::fe")
    assert found.hostname == "www-1.example"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"ipv4_gateway": "10.0.0.1"},
            "a gateway is given, but no static address to go with it: `--ipv4=dhcp` "
            "(at --ipv4-gateway=10.0.0.1); leave the gateway to `--ipv4=dhcp`, "
            "or give a static `--ipv4` too",
        ),
        (
            {"dns": ("dns.example",)},
            "name server `dns.example` is not an IP address (at --dns=dns.example); "
            "give addresses: names cannot be looked up before there is a name server",
        ),
        (
            {"hostname": "my_host\nnameserver 6.6.6.6"},
            "`my_host\nnameserver 6.6.6.6` is not a host name",
        ),
        ({"hostname": ""}, "`` is not a host name"),
        ({"ipv4": "static"}, "`static` has no prefix length (at --ipv4=static)"),
    ],
)
def test_contradictions_say_what_to_change(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidAddressError) as raised:
        settings(**given)
    assert str(raised.value).startswith(message)
