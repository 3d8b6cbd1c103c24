"""The rules that lead ports to guests, as text for nft(8), and what its JSON says of them.

All of them are in one table of our own. What of it does not depend on the routes is its frame:
every rule has the frame's digest in its comment, by which a table that someone has changed is
told. To switch traffic the rules of the chains are replaced by one transaction, and the chains
stay. That alone leaves no gap: the kernel decides once per packet and chain which generation of
the rules it goes by. It decides anew for each look into a map, which for a moment can miss both
the old and the new element, and for each of two chains of which one takes the other's place.
Therefore neither maps nor new chains are used, and the rules have no sets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from fata.deploy.traffic.route import Endpoint, Route
from fata.settings.port import Protocol

FAMILY, NAME = "ip", "fata_ports"
TABLE = f"{FAMILY} {NAME}"

_Key = tuple[Protocol, int, str]
_LEAD = "dnat to {to}"
_DROP = "drop"


@dataclass(frozen=True, slots=True)
class Chain:
    """`Chain(name, kind, hook, priority, rules, each)` is a base chain of the table.

    `each` is what it does with packets to a port that leads somewhere, after its other rules.
    """

    name: str
    kind: str
    hook: str
    priority: str
    rules: tuple[str, ...] = ()
    each: str = ""


def frame(subnet: IPv4Network, bridge: str) -> tuple[Chain, ...]:
    """`frame(subnet, bridge)` is the chains for guests on that bridge and in that network."""
    from_guests, to_guests = f'iifname "{bridge}"', f'oifname "{bridge}"'
    elsewhere = "fib daddr type != local return"
    other_loopback = "ip daddr 127.0.0.0/8 ip daddr != 127.0.0.1 return"
    led = f"{to_guests} ct status dnat"
    return (
        # The host's 127.0.0.1 leads to guests too, for which the bridge lets loopback addresses
        # in (`route_localnet`). What a guest itself sends to them is kept out here.
        Chain(
            "guard", "filter", "prerouting", "-300", (f"{from_guests} ip daddr 127.0.0.0/8 drop",)
        ),
        # Without a connection that it belongs to, a late packet would get to the host's own TCP,
        # which answers by a reset.
        Chain(
            "stray",
            "filter",
            "prerouting",
            "-150",
            ("ct state != invalid return", f"{from_guests} meta l4proto tcp drop", elsewhere),
            _DROP,
        ),
        Chain("arriving", "nat", "prerouting", "-100", (elsewhere,), _LEAD),
        # Of the loopback addresses only 127.0.0.1 counts: resolvers listen on others.
        Chain("own", "nat", "output", "-100", (elsewhere, other_loopback), _LEAD),
        # A guest that comes by the host to one in its own network, and the host's loopback
        # address, would otherwise get answers that go past the host, or nowhere.
        Chain(
            "leaving",
            "nat",
            "postrouting",
            "100",
            (f"{led} ip saddr {subnet} masquerade", f"{led} ip saddr 127.0.0.0/8 masquerade"),
        ),
        # The kernel would tell such a guest that there is a shorter way, which there is not.
        Chain("redirects", "filter", "output", "0", (f"{to_guests} icmp type redirect drop",)),
    )


def mark(chains: Sequence[Chain]) -> str:
    """`mark(chains)` is the comment of their rules."""
    return f"fata {hashlib.sha256(repr(tuple(chains)).encode()).hexdigest()[:12]}"


def making(chains: Sequence[Chain], routes: Sequence[Route]) -> str:
    """`making(chains, routes)` makes the table, in place of whatever is there."""
    made = (
        f"add chain {TABLE} {chain.name} "
        f"{{ type {chain.kind} hook {chain.hook} priority {chain.priority}; policy accept; }}\n"
        for chain in chains
    )
    return f"{removal()}add table {TABLE}\n{''.join(made)}{switching(chains, routes)}"


def switching(chains: Sequence[Chain], routes: Sequence[Route]) -> str:
    """`switching(chains, routes)` replaces the rules of a table that is whole."""
    return "".join(f"{line}\n" for chain in chains for line in _lines(chain, mark(chains), routes))


def removal() -> str:
    """`removal()` removes the table, whether it is there or not."""
    return f"add table {TABLE}\ndelete table {TABLE}\n"


def read(data: bytes, chains: Sequence[Chain]) -> tuple[Route, ...] | None:
    """`read(data, chains)` is the routes in what `nft -j list table` says, in order.

    `None` where the table is not whole: with rules that are missing, of another frame, or changed.
    """
    comment = mark(chains)
    keys: set[tuple[_Key, ...]] = set()
    leads: set[tuple[Route, ...]] = set()
    try:
        found = _by_chain(json.loads(data)["nftables"])
        for chain in chains:
            rules = _after_frame(chain, comment, found.pop(chain.name, []))
            if chain.each:
                keys.add(tuple(_key(rule, comment) for rule in rules))
            if chain.each == _LEAD:
                leads.add(tuple(sorted(_route(rule, comment) for rule in rules)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    whole = not found and len(keys) == len(leads) == 1
    return leads.pop() if whole else None


def _by_chain(parts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in (part["rule"] for part in parts if "rule" in part):
        found.setdefault(rule["chain"], []).append(rule)
    return found


def _lines(chain: Chain, comment: str, routes: Sequence[Route]) -> Iterator[str]:
    yield f"flush chain {TABLE} {chain.name}"
    for rule in chain.rules:
        yield f'add rule {TABLE} {chain.name} {rule} comment "{comment}"'
    for route in routes if chain.each else ():
        does = chain.each.format(to=route.to)
        yield (
            f"add rule {TABLE} {chain.name} {route.protocol.value} dport {route.port} {does} "
            f'comment "{route.guest} {comment}"'
        )


def _after_frame(chain: Chain, comment: str, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules after those of the frame. Raises `ValueError` where these are not whole."""
    count = len(chain.rules)
    if [rule.get("comment") for rule in rules[:count]] != [comment] * count:
        raise ValueError("rules of the frame are missing")
    if rules[count:] and not chain.each:
        raise ValueError("there are rules of others")
    return rules[count:]


def _key(rule: dict[str, Any], comment: str) -> _Key:
    """What a rule is about: transport, port and guest."""
    guest, _, rest = rule["comment"].partition(" ")
    match, _ = (each.get("match") for each in rule["expr"])
    payload, port = match["left"]["payload"], match["right"]
    if rest != comment or (match["op"], payload["field"]) != ("==", "dport"):
        raise ValueError("that is no rule of ours")
    return Protocol(payload["protocol"]), port, guest


def _route(rule: dict[str, Any], comment: str) -> Route:
    protocol, port, guest = _key(rule, comment)
    to = rule["expr"][1]["dnat"]
    return Route(protocol, port, guest, Endpoint(to["addr"], to["port"]))
