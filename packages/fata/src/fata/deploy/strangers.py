"""Guests that run and that the records do not know: they were damaged, and an older copy is used.

Nothing is known of them but what is in their directories. They run on, and serve, until their
service is deployed again.
"""

from __future__ import annotations

import contextlib
import re
from ipaddress import IPv4Address

from fata.deploy.drivers.directory import read_spec
from fata.deploy.drivers.driver import State
from fata.deploy.drivers.spec import GuestSpec, MacPrefix, deterministic_mac
from fata.deploy.host import Host
from fata.deploy.records.records import Generation
from fata.deploy.records.restore import are_whole
from fata.deploy.service import Service, parse_guest
from functoria.error import UserError

SLOTS = ("a", "b")
_ADDRESS = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])", re.ASCII)


def strangers(host: Host, service: Service | None = None) -> tuple[str, ...]:
    """`strangers(host, service)` is the names of those of that service, or of all, in order."""
    if are_whole(host.root):
        return ()
    known = {one.guest for one in host.records.generations()}
    found = []
    for one in host.driver.list():
        parsed = parse_guest(one.name)
        if one.state is not State.RUNNING or one.name in known or parsed is None:
            continue
        if service in (None, parsed[0]):
            found.append(one.name)
    return tuple(found)


def is_superseded(host: Host, generation: Generation) -> bool:
    """`is_superseded(host, generation)` is whether a later one of its service runs, unknown.

    That one serves then, and has its volumes.
    """
    names = strangers(host, generation.service)
    return any(one[1] > generation.number for one in map(parse_guest, names) if one is not None)


def last_number(host: Host, service: Service) -> int:
    """`last_number(host, service)` is that of the last generation of which there is a guest."""
    parsed = (parse_guest(one.name) for one in host.driver.list())
    return max((one[1] for one in parsed if one is not None and one[0] == service), default=0)


def slots(host: Host, service: Service) -> frozenset[str]:
    """`slots(host, service)` is the slots whose network addresses strangers of it have."""
    prefix = MacPrefix.XEN if host.xen else MacPrefix.QEMU
    macs = {nic.name: nic.mac for spec in _specs(host, service) for nic in spec.nics}
    return frozenset(
        slot
        for slot in SLOTS
        for name, mac in macs.items()
        if mac == deterministic_mac(service.app, service.environment, name, slot, prefix)
    )


def addresses(host: Host) -> frozenset[IPv4Address]:
    """`addresses(host)` is what their command lines tell them of addresses, theirs among them."""
    found = set()
    for spec in _specs(host, None):
        for text in _ADDRESS.findall(spec.command_line):
            with contextlib.suppress(ValueError):
                found.add(IPv4Address(text))
    return frozenset(found)


def _specs(host: Host, service: Service | None) -> list[GuestSpec]:
    found = []
    for name in strangers(host, service):
        with contextlib.suppress(UserError):
            found.append(read_spec(host.guests / name))
    return found
