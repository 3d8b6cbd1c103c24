"""The network to serve, as a person writes it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.boot.outcome import BAD_ARGUMENT
from libos.services.dhcp.subnet import InvalidSubnet, Subnet, text_of

SERVER, RANGE = "10.0.0.1/24", "10.0.0.100-10.0.0.199"


def test_what_is_given_away() -> None:
    hosts = {"52:54:00:00:00:07": "10.0.0.101", "52:54:00:00:00:08": "10.0.0.8"}
    subnet = Subnet("10.0.0.100/24", RANGE, hosts=hosts)
    given = [text_of(a) for a in range(subnet.network, subnet.network + 256) if subnet.gives(a)]
    assert given == [f"10.0.0.{n}" for n in range(102, 200)]
    assert text_of(subnet.hosts[bytes.fromhex("525400000008")]) == "10.0.0.8"


@pytest.mark.parametrize(
    ("server", "range_", "more", "message"),
    [
        ("10.0.0.1", RANGE, {}, "`10.0.0.1` is not the server's address and prefix: 10.0.0.1/24"),
        ("10.0.0.1/33", RANGE, {}, "not the server's address and prefix"),
        ("10.0.0/24", RANGE, {}, "`10.0.0` is not an IPv4 address"),
        (SERVER, "10.0.0.100", {}, "`10.0.0.100` is not a range"),
        (SERVER, "10.0.0.9-10.0.0.8", {}, "ends before it begins"),
        (SERVER, "10.0.1.1-10.0.1.9", {}, "`10.0.1.1` is not a host of 10.0.0.0/24"),
        (SERVER, "10.0.0.0-10.0.0.9", {}, "`10.0.0.0` is not a host of 10.0.0.0/24"),
        (SERVER, "10.0.0.9-10.0.0.255", {}, "`10.0.0.255` is not a host of 10.0.0.0/24"),
        (SERVER, RANGE, {"lease_seconds": 0}, "a lease of 0 s"),
        (SERVER, RANGE, {"lease_seconds": 9, "max_lease_seconds": 8}, "8 s at most, cannot be"),
        (SERVER, RANGE, {"routers": ("r1",)}, "`r1` is not an IPv4 address"),
        (SERVER, RANGE, {"hosts": {"52:54": "10.0.0.7"}}, "`52:54` is not a hardware address"),
        (SERVER, RANGE, {"hosts": {"52:54:00:00:00:07": "10.0.0.1"}}, "kept for two hosts"),
    ],
)
def test_what_makes_no_network_is_a_bad_argument(
    server: str, range_: str, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidSubnet) as caught:
        Subnet(server, range_, **more)
    assert message in caught.value.reason
    assert caught.value.code == BAD_ARGUMENT


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_network_or_refused(server: str, range_: str) -> None:
    for arguments in ((server, RANGE), (SERVER, range_), (server, range_)):
        try:
            Subnet(*arguments)
        except InvalidSubnet as refusal:
            assert refusal.code == BAD_ARGUMENT  # noqa: PT017
