"""Which ports of the host lead to which guests: what the records and the guests say of it."""

from __future__ import annotations

from collections.abc import Set

from fata.deploy import strangers
from fata.deploy.drivers.directory import read_spec
from fata.deploy.host import Host
from fata.deploy.network import free_address
from fata.deploy.records.records import Generation, Wanted
from fata.deploy.service import Service, parse_guest
from fata.deploy.stages import Stage
from fata.deploy.traffic.route import Endpoint, Route
from fata.qemu.publish import LOOPBACK
from fata.settings import Protocol
from functoria.error import UserError


def routes(host: Host) -> tuple[Route, ...]:
    """`routes(host)` is where each port leads: to the live generation of its service.

    It follows from the records alone, so that whoever computes it after a crash finds the same.
    Only where they are not whole, what leads to guests that they do not know stays as it is.
    """
    wanted = host.records.services()
    found: dict[tuple[Protocol, int], Route] = {}
    for generation in host.records.generations():
        if generation.stage is not Stage.LIVE or strangers.is_superseded(host, generation):
            continue
        if wanted.get(generation.service) is Wanted.RUNNING:
            for route in routes_of(host, generation):
                found[route.protocol, route.port] = route
    for route in _to_strangers(host, {_service(one.guest) for one in found.values()}):
        found.setdefault((route.protocol, route.port), route)
    return tuple(found[key] for key in sorted(found))


def _to_strangers(host: Host, led: Set[Service | None]) -> tuple[Route, ...]:
    """What leads to guests that the records do not know, of services to which nothing else does."""
    names = strangers.strangers(host)
    in_force = host.traffic.routes() or () if names else ()
    return tuple(one for one in in_force if one.guest in names and _service(one.guest) not in led)


def _service(guest: str) -> Service | None:
    parsed = parse_guest(guest)
    return None if parsed is None else parsed[0]


def routes_of(host: Host, generation: Generation) -> tuple[Route, ...]:
    """`routes_of(host, generation)` is where its ports lead, or would if it were live."""
    found = []
    for port in generation.release.ports:
        endpoint = endpoint_of(host, generation, port.guest, port.nic, port.protocol)
        if endpoint is not None:
            found.append(Route(port.protocol, port.host, generation.guest, endpoint))
    return tuple(found)


def endpoint_of(
    host: Host,
    generation: Generation,
    port: int,
    nic: str | None = None,
    protocol: Protocol = Protocol.TCP,
) -> Endpoint | None:
    """`endpoint_of(host, generation, port)` is where a port of its guest is reached from here.

    `None` where it has no such interface, or was not started.
    """
    try:
        spec = read_spec(host.guests / generation.guest)
    except UserError:
        return None
    found = next((one for one in spec.nics if nic in (None, one.name)), None)
    if found is None:
        return None
    if found.bridge is not None:
        address = host.records.addresses.of(generation.service, generation.slot, found.name)
        return None if address is None else Endpoint(str(address), port)
    for forward in found.forwards:
        if forward.guest == port and forward.protocol.value == protocol.value:
            return Endpoint(forward.address, forward.host)
    return None


def check(host: Host, generation: Generation) -> None:
    """`check(host, generation)` raises `UserError` for a port of the host that cannot be had."""
    taken = {
        (port.protocol, port.host): other
        for other in host.records.generations()
        if other.service != generation.service and other.stage in (Stage.LIVE, Stage.DRAINING)
        for port in other.release.ports
    }
    for port in generation.release.ports:
        other = taken.get((port.protocol, port.host))
        if other is not None:
            raise UserError(
                f"port {port.host}/{port.protocol} of this host leads to {other.service}",
                "ports",
                "choose another port in fata.toml, or remove that app with `fata remove`",
            )
    # Where exactly they will lead is not known before it runs: any address of a guest's will do.
    address = LOOPBACK if host.subnet is None else str(free_address(host.subnet, ()))
    host.traffic.check(
        [
            Route(port.protocol, port.host, generation.guest, Endpoint(address, port.guest))
            for port in generation.release.ports
        ]
    )
