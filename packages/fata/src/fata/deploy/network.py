"""The network that guests of this host are on: what is free in it, and how it leads out."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from fata.called import called
from fata.completed import Completed
from functoria.error import UserError

RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
"""The host's own, and what systemd-resolved(8) asks where that is the host's."""

_NAMESERVER = re.compile(r"nameserver[ \t]+([0-9.]{7,15})", re.ASCII)
_SETUP = "make it with `fata host setup`, and see with `ip address show` what there is"


@dataclass(frozen=True, slots=True)
class Subnet:
    """`Subnet(network, gateway, resolver)` is the network of a bridge.

    `gateway` is the host's own address in it. `resolver` is a name server that guests can ask,
    `None` where the host knows none but itself.
    """

    network: IPv4Network
    gateway: IPv4Address
    resolver: IPv4Address | None


def subnet_of(bridge: str, resolvers: tuple[Path, ...] = RESOLVERS) -> Subnet:
    """`subnet_of(bridge)` is the network of that bridge of this host. Raises `UserError`."""
    own = _address(bridge)
    return Subnet(own.network, own.ip, _resolver(resolvers))


def free_address(subnet: Subnet, taken: Collection[IPv4Address]) -> IPv4Address:
    """`free_address(subnet, taken)` is the lowest address that a guest can have.

    Raises `UserError` where all are taken.
    """
    used = {subnet.gateway, subnet.network.network_address, subnet.network.broadcast_address}
    used.update(taken, () if subnet.resolver is None else (subnet.resolver,))
    for address in subnet.network:
        if address not in used:
            return address
    raise UserError(
        f"all addresses of {subnet.network} are in use",
        f"the network of {subnet.gateway}",
        "remove apps that are not needed, or choose a larger one: `fata host setup --subnet`",
    )


def routers() -> frozenset[IPv4Address]:
    """`routers()` is what the host's routes lead to, as far as they can be understood.

    A bridge may be on a network that they are on, too. Raises `UserError` where there is no ip(8).
    """
    with suppress(ValueError, TypeError, AttributeError):
        routes = json.loads(_ip("-4", "route", "show").out)
        words = [str(route["gateway"]) for route in routes if "gateway" in route]
        return frozenset(IPv4Address(word) for word in words)
    return frozenset()


def _address(bridge: str) -> IPv4Interface:
    done = _ip("address", "show", "dev", bridge)
    if done.code:
        raise UserError(f"this host has no bridge `{bridge}`", bridge, _SETUP)
    found = _first(done.out)
    if found is None:
        raise UserError(f"the bridge `{bridge}` has no IPv4 address", bridge, _SETUP)
    if found.network.prefixlen > 30:
        raise UserError(f"there is no room for guests in {found.network}", bridge, _SETUP)
    return found


def _first(data: bytes) -> IPv4Interface | None:
    """The first address in what ip(8) said; older ones print an empty entry for other links."""
    try:
        for link in json.loads(data):
            for each in link.get("addr_info", ()):
                if each["family"] == "inet":
                    return IPv4Interface(f"{each['local']}/{each['prefixlen']}")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return None


def _ip(*words: str) -> Completed:
    try:
        return called(("ip", "-json", *words))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UserError(
            f"the networks of this host cannot be read: `ip`: {why}",
            words[-1],
            "install the package iproute2",
        ) from None


def _resolver(files: tuple[Path, ...]) -> IPv4Address | None:
    for file in files:
        try:
            text = file.read_text(errors="replace")
        except OSError:
            continue
        for line in text.splitlines():
            match = _NAMESERVER.match(line)
            if match is None:
                continue
            try:
                address = IPv4Address(match[1])
            except ValueError:
                continue
            if not address.is_loopback and not address.is_unspecified:
                return address
    return None
