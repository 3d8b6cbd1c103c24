"""The rules that lead ports to guests, as text for nft(8), and what its JSON says of them.

All of them are one table of our own, replaced as a whole by one transaction, so that no packet
ever meets half of it. What of it does not depend on the routes is its frame: every rule of it
has the frame's digest as its comment, by which a table that someone has changed is told.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from fata.deploy.traffic.route import Endpoint, Route
from fata.settings.port import Protocol

FAMILY, NAME = "ip", "fata_ports"
PORTS, LED = "ports", "led"

_PROTOCOLS = {"tcp": Protocol.TCP, "udp": Protocol.UDP, 6: Protocol.TCP, 17: Protocol.UDP}
_OTHER_LOOPBACK = "ip daddr != { 127.0.0.0, 127.0.0.2-127.255.255.255 }"
_LEAD = f"dnat ip to meta l4proto . th dport map @{PORTS}"


@dataclass(frozen=True, slots=True)
class Chain:
    """`Chain(name, kind, hook, priority, rules)` is a base chain of the table."""

    name: str
    kind: str
    hook: str
    priority: str
    rules: tuple[str, ...]


def frame(subnet: IPv4Network, bridge: str) -> tuple[Chain, ...]:
    """`frame(subnet, bridge)` is the chains for guests on that bridge and in that network."""
    from_guests, to_guests = f'iifname "{bridge}"', f'oifname "{bridge}"'
    return (
        # The host's 127.0.0.1 leads to guests too, for which the bridge lets loopback addresses
        # in (`route_localnet`). What a guest itself sends to them is kept out here.
        Chain(
            "guard", "filter", "prerouting", "raw", (f"{from_guests} ip daddr 127.0.0.0/8 drop",)
        ),
        # Without a connection that it belongs to, a late packet would get to the host's own TCP,
        # which answers by a reset.
        Chain(
            "stray",
            "filter",
            "prerouting",
            "mangle",
            (
                f"{from_guests} meta l4proto tcp ct state invalid drop",
                f"fib daddr type local meta l4proto . th dport @{LED} ct state invalid drop",
            ),
        ),
        Chain("arriving", "nat", "prerouting", "dstnat", (f"fib daddr type local {_LEAD}",)),
        # Of the loopback addresses only 127.0.0.1 counts: resolvers listen on others.
        Chain("own", "nat", "output", "-100", (f"{_OTHER_LOOPBACK} fib daddr type local {_LEAD}",)),
        # A guest that comes by the host to one in its own network, and the host's loopback
        # address, would otherwise get answers that go past the host, or nowhere.
        Chain(
            "leaving",
            "nat",
            "postrouting",
            "srcnat",
            (f"{to_guests} ct status dnat ip saddr {{ {subnet}, 127.0.0.0/8 }} masquerade",),
        ),
        # The kernel would tell such a guest that there is a shorter way, which there is not.
        Chain("redirects", "filter", "output", "filter", (f"{to_guests} icmp type redirect drop",)),
    )


def mark(chains: Sequence[Chain]) -> str:
    """`mark(chains)` is the comment of each of their rules."""
    return f"fata {hashlib.sha256(repr(tuple(chains)).encode()).hexdigest()[:16]}"


def transaction(chains: Sequence[Chain], routes: Sequence[Route]) -> str:
    """`transaction(chains, routes)` replaces the whole table by these."""
    comment = mark(chains)
    lines = [*removal().splitlines(), f"table {FAMILY} {NAME} {{"]
    keys = [f"{route.protocol.value} . {route.port}" for route in routes]
    leads = [
        f'{key} comment "{route.guest}" : {route.to.address} . {route.to.port}'
        for key, route in zip(keys, routes, strict=True)
    ]
    key_type = "inet_proto . inet_service"
    lines += [f"map {PORTS} {{", f"type {key_type} : ipv4_addr . inet_service", *_elements(leads)]
    lines += ["}", f"set {LED} {{", f"type {key_type}", *_elements(keys), "}"]
    for chain in chains:
        hook = f"type {chain.kind} hook {chain.hook} priority {chain.priority}; policy accept;"
        rules = (f'{rule} comment "{comment}"' for rule in chain.rules)
        lines += [f"chain {chain.name} {{", hook, *rules, "}"]
    return "\n".join((*lines, "}", ""))


def removal() -> str:
    """`removal()` removes the table, whether it is there or not."""
    return f"table {FAMILY} {NAME}\ndelete table {FAMILY} {NAME}\n"


def read(data: bytes, chains: Sequence[Chain]) -> tuple[Route, ...] | None:
    """`read(data, chains)` is the routes in what `nft -j list table` says, in order.

    `None` where the table is not whole: with rules that are missing, of another frame, or changed.
    """
    try:
        parts = json.loads(data)["nftables"]
        if not _whole(parts, chains):
            return None
        leads = next(part["map"] for part in parts if part.get("map", {}).get("name") == PORTS)
        led = next(part["set"] for part in parts if part.get("set", {}).get("name") == LED)
        routes = sorted(_route(*element) for element in leads.get("elem", ()))
        keys = {(_PROTOCOLS[p], port) for p, port in map(_concatenated, led.get("elem", ()))}
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError):
        return None
    whole = keys == {(route.protocol, route.port) for route in routes}
    return tuple(routes) if whole else None


def _elements(elements: Sequence[str]) -> tuple[str, ...]:
    return (f"elements = {{ {', '.join(elements)} }}",) if elements else ()


def _whole(parts: list[dict[str, Any]], chains: Sequence[Chain]) -> bool:
    comment = mark(chains)
    wanted = Counter((chain.name, comment) for chain in chains for _ in chain.rules)
    rules = [part["rule"] for part in parts if "rule" in part]
    found = Counter((rule["chain"], rule.get("comment")) for rule in rules)
    return wanted == found


def _route(key: dict[str, Any], value: dict[str, Any]) -> Route:
    protocol, port = _concatenated(key["elem"]["val"])
    address, to = _concatenated(value)
    return Route(_PROTOCOLS[protocol], port, key["elem"]["comment"], Endpoint(address, to))


def _concatenated(value: dict[str, Any]) -> tuple[Any, Any]:
    first, second = value["concat"]
    return first, second
