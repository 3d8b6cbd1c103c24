"""The network that guests of this host are on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.network import Subnet, free_address, subnet_of
from functoria.error import UserError

NETWORK = IPv4Network("10.77.0.0/29")
SUBNET = Subnet(NETWORK, NETWORK[1], None)


def test_the_lowest_free_address() -> None:
    assert free_address(SUBNET, []) == NETWORK[2]
    assert free_address(SUBNET, {NETWORK[2], NETWORK[4]}) == NETWORK[3]
    last = Subnet(NETWORK, NETWORK[6], None)
    assert free_address(last, []) == NETWORK[1]


def test_the_addresses_of_routers_and_name_servers_are_not_given_away() -> None:
    shared = Subnet(NETWORK, NETWORK[4], NETWORK[2])
    assert free_address(shared, {NETWORK[1], IPv4Address("192.0.2.1")}) == NETWORK[3]


def test_a_network_that_is_full() -> None:
    with pytest.raises(UserError) as caught:
        free_address(SUBNET, [NETWORK[number] for number in range(2, 7)])
    assert caught.value.what == "all addresses of 10.77.0.0/29 are in use"
    assert "fata host setup --subnet" in caught.value.do


@given(st.sets(st.sampled_from(list(NETWORK))))
def test_an_address_is_the_hosts_or_anothers_never(taken: set[IPv4Address]) -> None:
    try:
        found = free_address(SUBNET, taken)
    except UserError:
        assert taken >= set(list(NETWORK)[2:7])
    else:
        assert found not in {*taken, NETWORK[0], NETWORK[1], NETWORK[7]}


@pytest.fixture
def ip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ip(8) says, and with which code it ends."""
    said = tmp_path / "said"
    (tmp_path / "ip").write_text(f'#!/bin/sh\n[ "$5" = gone0 ] && exit 1\ncat {said}\n')
    (tmp_path / "ip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return said


def resolv(directory: Path, name: str, text: str) -> Path:
    (directory / name).write_text(text)
    return directory / name


ADDRESS = '[{}, {"ifname":"fata0","addr_info":[{"family":"inet6","local":"fe80::1","prefixlen":64},'
ADDRESS += '{"family":"inet","local":"10.77.0.1","prefixlen":24}]}]'


@pytest.mark.parametrize(
    ("own", "upstream", "resolver"),
    [
        ("# x\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n", None, "192.0.2.53"),
        ("nameserver 127.0.0.53\n", "nameserver 2001:db8::1\nnameserver 192.0.2.7\n", "192.0.2.7"),
        ("nameserver 127.0.0.53\n", None, None),
        ("nameserver 999.0.0.1\nnameserver 0.0.0.0\nsearch 10.0.0.1\n", None, None),
        ("nameserver\t192.0.2.53 # first\n", None, "192.0.2.53"),
        (None, None, None),
    ],
)
def test_the_network_of_a_bridge(
    ip: Path, tmp_path: Path, own: str | None, upstream: str | None, resolver: str | None
) -> None:
    ip.write_text(ADDRESS)
    files = tuple(
        resolv(tmp_path, name, text) if text is not None else tmp_path / "none"
        for name, text in (("resolv.conf", own), ("upstream.conf", upstream))
    )
    assert subnet_of("fata0", files) == Subnet(
        IPv4Network("10.77.0.0/24"),
        IPv4Address("10.77.0.1"),
        None if resolver is None else IPv4Address(resolver),
    )


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("[]", "the bridge `fata0` has no IPv4 address"),
        ('[{"addr_info":[]}]', "the bridge `fata0` has no IPv4 address"),
        ("nonsense", "the bridge `fata0` has no IPv4 address"),
        ('[{"addr_info":[{"family":"inet","local":"x","prefixlen":1}]}]', "the bridge `fata0` has"),
        (ADDRESS.replace("24}", "31}"), "there is no room for guests in 10.77.0.0/31"),
    ],
)
def test_a_bridge_that_is_not_set_up(ip: Path, said: str, what: str) -> None:
    ip.write_text(said)
    with pytest.raises(UserError) as caught:
        subnet_of("fata0")
    assert caught.value.what.startswith(what)
    assert "`fata host setup`" in caught.value.do
    with pytest.raises(UserError, match="this host has no bridge `gone0`"):
        subnet_of("gone0")


def test_a_host_without_ip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="networks of this host cannot be read"):
        subnet_of("fata0")


@pytest.fixture
def bridge() -> Iterator[tuple[str, ...]]:
    """What runs a command where there is a bridge."""
    if os.geteuid() != 0:
        pytest.fail("network namespaces need root: run the tests as root")
    name = f"fata{os.getpid()}n"
    inside = ("ip", "netns", "exec", name)
    subprocess.run(["ip", "netns", "add", name], check=True)
    for words in (
        "link add fata0 type bridge",
        "link set fata0 up",
        "address add 10.77.0.1/24 dev fata0",
        "route add default via 10.77.0.2",
    ):
        subprocess.run(["ip", "-n", name, *words.split()], check=True)
    yield inside
    subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.mark.e2e
def test_a_real_bridge(bridge: tuple[str, ...]) -> None:
    program = (
        "from fata.deploy.network import *\n"
        "subnet = subnet_of('fata0', ())\n"
        "print(subnet.network, subnet.gateway, free_address(subnet, routers()))\n"
        "subnet_of('fata1')"
    )
    done = subprocess.run(
        [*bridge, sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "10.77.0.0/24 10.77.0.1 10.77.0.3\n"
    assert "UserError: this host has no bridge `fata1`" in done.stderr
