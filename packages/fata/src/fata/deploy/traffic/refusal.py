"""What is wrong with routes, whatever shall carry them."""

from __future__ import annotations

from collections.abc import Sequence

from fata.deploy.traffic.route import Route
from fata.qemu.owner import owner
from fata.settings.port import Protocol
from functoria.error import UserError

PORTS = "ports"
"""Where users say what leads where: `ports` in `fata.toml`."""


def check_distinct(routes: Sequence[Route]) -> None:
    """`check_distinct(routes)` raises `UserError` for a port that leads to two places."""
    taken: dict[tuple[Protocol, int], Route] = {}
    for route in routes:
        other = taken.setdefault((route.protocol, route.port), route)
        if other is not route:
            raise UserError(
                f"port {_named(route)} of this host leads to `{other.guest}` already, and cannot "
                f"lead to `{route.guest}` too",
                PORTS,
                "give each app a port of its own, or remove the other one",
            )


def in_use(route: Route) -> UserError:
    """`in_use(route)` is the error for a port that another program listens on."""
    holder = owner(route.port, route.protocol.value)
    by = f" by {holder}" if holder else ""
    return UserError(
        f"port {_named(route)} of this host is in use{by}",
        PORTS,
        "stop that program, or lead another port of the host to the guest",
    )


def privileged(route: Route) -> UserError:
    """`privileged(route)` is the error for a port that takes root."""
    return UserError(
        f"port {_named(route)} of this host may only be opened by root",
        PORTS,
        f"lead a port above 1023 to the guest, such as {route.port + 8000}, deploy as root, or "
        f"let users have it: `sysctl net.ipv4.ip_unprivileged_port_start={route.port}`",
    )


def no_udp(route: Route) -> UserError:
    """`no_udp(route)` is the error for UDP where a process of ours carries the traffic."""
    return UserError(
        f"port {_named(route)} of this host cannot be led to a guest without root",
        PORTS,
        "deploy to the host as root, or leave the port out",
    )


def _named(route: Route) -> str:
    return f"{route.port}/{route.protocol.value}"
