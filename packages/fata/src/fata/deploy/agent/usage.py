"""What of a host is taken: by what runs there, and by what is about to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fata.deploy import volumes
from fata.deploy.boot import manifest_of, needed_memory
from fata.deploy.drivers.directory import read_spec
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.policy.wish import Used
from fata.deploy.records.records import Generation, Wanted
from fata.deploy.restart import is_final
from fata.deploy.service import Service, parse_guest
from fata.deploy.stages import OVER, RISING, Stage
from functoria.error import UserError


@dataclass(frozen=True, slots=True)
class Guests:
    """`Guests(running, over)` is the names of those that run, and that ended and stay so."""

    running: frozenset[str]
    over: frozenset[str]


def look(host: Host) -> Guests:
    """`look(host)` is what the host's driver says now. It may take its time."""
    running = {one.name for one in host.driver.list() if one.state is State.RUNNING}
    live = {one.guest for one in host.records.generations() if one.stage is Stage.LIVE}
    over = {name for name in live - running if is_final(host.driver.outcome(name))}
    return Guests(frozenset(running), frozenset(over))


def used(host: Host, replaced: Service, mine: Callable[[Service], bool], seen: Guests) -> Used:
    """`used(host, replaced, mine, seen)` is what services that are `mine` have of the host.

    A guest counts from the moment when the records know that it is to run, until it does not run
    and is not to: what was not there yet when the driver was asked, the records know. Of what is
    `replaced`, only that it runs on meanwhile.
    """
    wanted = host.records.services()
    known = {one.guest: one for one in host.records.generations() if mine(one.service)}
    guests: dict[str, Generation | None] = {}
    for name in sorted(seen.running):
        parsed = parse_guest(name)
        if parsed is not None and mine(parsed[0]):
            guests[name] = known.get(name)
    for one in known.values():
        stopped = one.stage is Stage.LIVE and wanted.get(one.service) is not Wanted.RUNNING
        is_due = not (one.stage in OVER or stopped or one.guest in seen.over)
        if is_due and one.service != replaced:
            guests.setdefault(one.guest, one)
    memory = cpus = 0
    disks = {one: _size(volumes.directory_of(host.root, one)) for one in wanted if mine(one)}
    for name, generation in guests.items():
        parsed = parse_guest(name)
        if parsed is None or parsed[0] == replaced:
            continue
        more = _amounts(host, name, generation)
        memory, cpus = memory + more[0], cpus + more[1]
        if generation is not None and generation.stage in RISING:
            disks[parsed[0]] = max(disks.get(parsed[0], 0), _declared(host, generation))
    disks.pop(replaced, None)
    return Used(len(guests), memory, cpus, sum(disks.values()))


def _amounts(host: Host, name: str, generation: Generation | None) -> tuple[int, int]:
    """Memory and CPUs: of what it was started as, or of what it will be."""
    with contextlib.suppress(UserError):
        spec = read_spec(host.guests / name)
        return spec.memory, spec.vcpus
    if generation is None:
        return 0, 0
    release = generation.release
    with contextlib.suppress(UserError):
        return needed_memory(release, manifest_of(host, release)), release.cpus or 1
    return release.memory or 0, release.cpus or 1


def _declared(host: Host, generation: Generation) -> int:
    """The bytes of its volumes, which may not be made yet."""
    with contextlib.suppress(UserError):
        return volumes.size(manifest_of(host, generation.release))
    return 0


def _size(directory: Path) -> int:
    try:
        return sum(path.stat().st_size for path in directory.iterdir())
    except OSError:
        return 0
