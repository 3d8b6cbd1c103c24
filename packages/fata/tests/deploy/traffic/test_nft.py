"""Ports of a host that lead to guests, by rules of the kernel."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from fata.deploy.traffic.nft import Nft
from fata.deploy.traffic.route import Endpoint, Route
from fata.settings.port import Protocol

from .conftest import BRIDGE, HOST, SUBNET, House

pytestmark = pytest.mark.e2e


def route(guest: int, port: int = 80, protocol: Protocol = Protocol.TCP, to: int = 8080) -> Route:
    return Route(protocol, port, f"web.production.g{guest}", Endpoint(str(SUBNET[guest]), to))


@pytest.fixture
def traffic(house: House) -> Nft:
    return Nft(SUBNET, BRIDGE)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_port_leads_to_the_guest_from_wherever_it_is_asked(
    house: House, traffic: Nft, protocol: Protocol
) -> None:
    with house.serving(2), house.serving(3):
        traffic.check([route(2, protocol=protocol)])
        traffic.apply([route(2, protocol=protocol)])
        for name, address in (
            ("outside", HOST),
            ("host", HOST),
            ("host", "127.0.0.1"),
            ("host", str(SUBNET[1])),
            ("g3", HOST),
            ("g3", str(SUBNET[1])),
            ("g2", HOST),
        ):
            answer = house.ask(name, address, 80, protocol.value)
            assert answer == "g2 hi;g2 more;", (name, address)


def test_no_connection_fails_while_traffic_is_switched(house: House, traffic: Nft) -> None:
    """B8: the site was gone while the new one took over."""
    with house.serving(2), house.serving(3):
        traffic.apply([route(2)])
        with house.load(80, 60) as load:
            for turn in range(50):
                time.sleep(0.1)
                traffic.apply([route(3 if turn % 2 == 0 else 2)])
            answers = Counter(load.result()["answers"])
        assert set(answers) == {"g2 hi", "g3 hi"}
        print(answers)
        assert min(answers.values()) > 1000
