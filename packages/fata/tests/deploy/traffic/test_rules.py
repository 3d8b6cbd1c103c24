"""The rules as text, and what is made of what the kernel says."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.drivers.spec import LONGEST_NAME
from fata.deploy.traffic import conntrack
from fata.deploy.traffic.listening import listened
from fata.deploy.traffic.proxy import table
from fata.deploy.traffic.route import Endpoint, Route
from fata.deploy.traffic.rules import frame, making, mark, read, switching
from fata.settings.port import Protocol

FRAME = frame(IPv4Network("10.77.0.0/24"), "fata0")
WEB = Route(Protocol.TCP, 80, "web.production.g7", Endpoint("10.77.0.2", 8080))
DNS = Route(Protocol.UDP, 53, "dns.production.g1", Endpoint("10.77.0.3", 53))

ROUTES = st.builds(
    Route,
    st.sampled_from(Protocol),
    st.integers(1, 65535),
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}\.production\.g[1-9]", fullmatch=True),
    st.builds(Endpoint, st.ip_addresses(v=4).map(str), st.integers(1, 65535)),
)


def test_rules_are_replaced_and_chains_stay() -> None:
    text = switching(FRAME, (DNS, WEB))
    assert "delete" not in text
    assert text.count("flush chain ip fata_ports ") == len(FRAME)
    assert (
        "add rule ip fata_ports arriving tcp dport 80 dnat to 10.77.0.2:8080 "
        f'comment "web.production.g7 {mark(FRAME)}"\n'
    ) in text
    assert making(FRAME, (DNS, WEB)).endswith(text)


def test_no_rule_looks_into_a_set() -> None:
    """Such a look can miss the old and the new element, in the moment of a switch."""
    for line in switching(FRAME, (DNS, WEB)).splitlines():
        assert "{" not in line
        assert "@" not in line


def test_the_longest_name_of_a_guest_has_room_in_a_comment() -> None:
    assert len(f"{'a' * LONGEST_NAME} {mark(FRAME)}") < 128  # NFTNL_UDATA_COMMENT_MAXLEN


@pytest.mark.parametrize("bad", ["10.0.0.300", "10.0.0", "::1", "010.0.0.1", "", "a;b", "1\n"])
def test_what_is_no_address_gets_into_no_rule(bad: str) -> None:
    with pytest.raises(ValueError, match="is not an IPv4 address"):
        Endpoint(bad, 80)


def test_what_is_no_port_and_no_name_neither() -> None:
    with pytest.raises(ValueError, match="70000 is not a port"):
        Endpoint("10.0.0.1", 70000)
    with pytest.raises(ValueError, match="0 is not a port"):
        Route(Protocol.TCP, 0, "a", WEB.to)
    with pytest.raises(ValueError, match="guest"):
        Route(Protocol.TCP, 80, 'a" }', WEB.to)


def said(*routes: Route) -> dict[str, Any]:
    """What nft says of these routes."""
    rules: list[dict[str, Any]] = []
    for chain in FRAME:
        own = {"chain": chain.name, "comment": mark(FRAME), "expr": []}
        rules.extend(dict(own) for _ in chain.rules)
        for route in routes if chain.each else ():
            payload = {"protocol": route.protocol.value, "field": "dport"}
            match = {"op": "==", "left": {"payload": payload}, "right": route.port}
            dnat = {"addr": route.to.address, "port": route.to.port}
            does = {"drop": None} if chain.each == "drop" else {"dnat": dnat}
            comment = f"{route.guest} {mark(FRAME)}"
            expression = [{"match": match}, does]
            rules.append({"chain": chain.name, "comment": comment, "expr": expression})
    parts = [{"rule": rule} for rule in rules]
    return {"nftables": [{"metainfo": {"json_schema_version": 1}}, *parts]}


@given(st.lists(ROUTES, unique_by=lambda route: (route.protocol, route.port), max_size=5))
def test_what_is_said_is_read(routes: list[Route]) -> None:
    assert read(json.dumps(said(*routes)).encode(), FRAME) == tuple(sorted(routes))
    assert table.decode(table.encode(tuple(routes))) == tuple(routes)


@given(st.data())
def test_a_rule_that_is_changed_is_noticed(data: st.DataObject) -> None:
    parts = said(WEB, DNS)["nftables"]
    number = data.draw(st.integers(1, len(parts) - 1))
    rule = parts[number]["rule"]
    harm = data.draw(st.sampled_from(("gone", "comment", "port", "chain")))
    if harm == "gone":
        parts.pop(number)
    elif harm == "comment":
        rule["comment"] = data.draw(st.text(max_size=9) | st.none())
    elif harm == "chain":
        rule["chain"] = "another"
    elif rule["expr"]:
        rule["expr"][0]["match"]["right"] = 81
    else:
        return
    assert read(json.dumps({"nftables": parts}).encode(), FRAME) is None


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.just("rule") | st.just("map"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("nftables"), inner),
    )
)
def test_whatever_else_is_said_is_not_whole(value: object) -> None:
    assert read(json.dumps(value).encode(), FRAME) is None
    assert read(json.dumps({"nftables": value}).encode(), FRAME) is None


@given(st.binary())
def test_bytes_that_are_nothing_are_nothing(data: bytes) -> None:
    assert read(data, FRAME) is None
    with contextlib.suppress(ValueError):
        assert isinstance(table.decode(data), tuple)


# -- connections -----------------------------------------------------------------------------------


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def ends(source: Endpoint, destination: Endpoint, protocol: int) -> bytes:
    addresses = b"".join(
        attribute(kind, socket.inet_aton(end.address))
        for kind, end in ((1, source), (2, destination))
    )
    ports = b"".join(
        attribute(kind, struct.pack(">H", end.port))
        for kind, end in ((2, source), (3, destination))
    )
    return attribute(0x8001, addresses) + attribute(0x8002, attribute(1, bytes([protocol])) + ports)


CLIENT, HOST, GUEST = (
    Endpoint("192.0.2.2", 50000),
    Endpoint("192.0.2.1", 80),
    Endpoint("10.77.0.2", 8080),
)


def flow(protocol: int = 6, status: int = 1 << 5, state: int = 3) -> bytes:
    return (
        attribute(0x8001, ends(CLIENT, HOST, protocol))
        + attribute(0x8002, ends(GUEST, CLIENT, protocol))
        + attribute(3, struct.pack(">I", status))
        + attribute(0x8004, attribute(0x8001, attribute(1, bytes([state]))))
        + attribute(12, b"\0\0\0\7")
    )


def test_a_connection_is_led_and_open() -> None:
    found = conntrack.parse(flow())
    assert found is not None
    assert (found.asked, found.answers, found.led, found.open) == (HOST, GUEST, True, True)
    ended = conntrack.parse(flow(state=7))
    assert ended is not None
    assert not ended.open
    direct = conntrack.parse(flow(status=0))
    assert direct is not None
    assert not direct.led
    datagrams = conntrack.parse(flow(protocol=17))
    assert datagrams is not None
    assert not datagrams.open
    assert conntrack.parse(flow(protocol=1)) is None


@given(st.binary(max_size=200), st.integers(0, 200), st.binary(max_size=8))
def test_damaged_messages_are_told(data: bytes, at: int, damage: bytes) -> None:
    whole = flow()
    for each in (data, whole[:at], whole[:at] + damage + whole[at + len(damage) :]):
        try:
            found = conntrack.parse(each)
        except ValueError:
            continue
        assert found is None or found.key


# -- what programs listen on -----------------------------------------------------------------------

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


@pytest.mark.parametrize(
    ("file", "line", "counts"),
    [
        ("tcp", "   0: 00000000:0050 00000000:0000 0A 0 0 0 0 0", True),
        ("tcp", "   0: 010200C0:0050 00000000:0000 0A 0 0 0 0 0", True),
        ("tcp", "   0: 0100007F:0050 00000000:0000 0A 0 0 0 0 0", True),
        ("tcp", "   0: 3500007F:0050 00000000:0000 0A 0 0 0 0 0", False),
        ("tcp", "   0: 00000000:0051 00000000:0000 0A 0 0 0 0 0", False),
        ("tcp", "   0: 00000000:0050 00000000:0000 06 0 0 0 0 0", False),
        ("tcp6", f"   0: {'0' * 32}:0050 {'0' * 32}:0000 0A 0 0 0 0 0", True),
        ("tcp6", f"   0: {'0' * 24}01000000:0050 {'0' * 32}:0000 0A 0 0 0 0 0", False),
        ("tcp6", f"   0: {'0' * 16}FFFF0000010200C0:0050 {'0' * 32}:0000 0A 0 0", True),
        ("udp", "   0: 00000000:0050 00000000:0000 07 0 0 0 0 0", False),
        ("tcp", "   0: nonsense:0050 x 0A", False),
        ("tcp", "short", False),
    ],
)
def test_what_a_program_listens_on(tmp_path: Path, file: str, line: str, counts: bool) -> None:
    (tmp_path / file).write_text(f"{HEAD}{line}\n")
    assert listened(Protocol.TCP, 80, tmp_path) is counts
