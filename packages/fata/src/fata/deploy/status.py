"""What a host runs, as it is told to those who ask: records and reality side by side."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.drivers.driver import Found, State, Statistics
from fata.deploy.failure import meaning
from fata.deploy.host import Host
from fata.deploy.records.records import Event, Generation, Wanted
from fata.deploy.service import Service
from fata.deploy.stages import Stage
from fata.deploy.supervise import running
from functoria.error import UserError


@dataclass(frozen=True, slots=True)
class GuestReport:
    """`GuestReport(state, ...)` is what the hypervisor says of a guest now.

    `number` is its process or domain, `started` in seconds of the epoch. `outcome` is how it
    ended, in words.
    """

    state: str
    number: int | None = None
    started: float | None = None
    remark: str = ""
    outcome: str = ""
    cpu: float | None = None
    memory: int | None = None
    received: int | None = None
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class GenerationReport:
    """`GenerationReport(number, stage, ...)` is one generation; `guest` is `None` if it is gone.

    `digest` is of the release, `image` of what boots. `memory` is in MiB. `returnable` says
    whether it can be rolled back to.
    """

    number: int
    stage: str
    slot: str
    digest: str
    image: str
    program: str
    commit: str
    modified: bool
    signer: str | None
    author: str
    created: float
    changed: float
    reason: str
    restarts: int
    healthy: bool | None
    said: str
    probed: float | None
    arguments: tuple[str, ...]
    ports: tuple[str, ...]
    memory: int | None
    returnable: bool
    guest: GuestReport | None = None


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """`ChangeReport(owner, purpose, since)` is a change that is under way."""

    owner: str
    purpose: str
    since: float


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """`ServiceReport(app, environment, ...)` is a service, its generations newest first."""

    app: str
    environment: str
    wanted: str
    live: int | None
    change: ChangeReport | None
    generations: tuple[GenerationReport, ...]


@dataclass(frozen=True, slots=True)
class HostReport:
    """`HostReport(name, driver, ...)` is the machine; memory is in bytes.

    `strangers` are guests that run, and that the records do not know. `routes` is whether ports
    are led as the records want it.
    """

    name: str
    driver: str
    bridge: str | None
    system: str
    cpus: int
    load: float
    memory: int
    available: int
    disk_free: int
    supervised: bool
    strangers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusReport:
    """`StatusReport(at, host, services)` is all of it, at one time in seconds of the epoch."""

    at: float
    host: HostReport
    services: tuple[ServiceReport, ...]


@dataclass(frozen=True, slots=True)
class EventReport:
    """`EventReport(at, app, environment, generation, what)` is something that happened."""

    at: float
    app: str
    environment: str
    generation: int | None
    what: str


def status(host: Host, told: Callable[[Service], bool] = lambda _: True) -> StatusReport:
    """`status(host, told)` is what is and what should be, of the services that may be told of."""
    found = {one.name: one for one in host.driver.list()}
    wanted = host.records.services()
    generations = host.records.generations()
    services = tuple(
        _service(host, service, wanted[service], generations, found)
        for service in wanted
        if told(service)
    )
    known = {one.guest for one in generations}
    strangers = tuple(
        name for name in sorted(found) if name not in known and found[name].state is State.RUNNING
    )
    return StatusReport(host.clock(), _host(host, strangers), services)


def event_report(event: Event) -> EventReport:
    """`event_report(event)` is the event, to be sent."""
    service = event.service
    return EventReport(event.at, service.app, service.environment, event.generation, event.what)


def returnable(generations: tuple[Generation, ...]) -> tuple[Generation, ...]:
    """`returnable(generations)` is those of one service that can be rolled back to, newest first.

    They were live once, and the live one says how many are kept.
    """
    live = [one for one in generations if one.stage is Stage.LIVE]
    keep = (live or list(generations))[-1].release.keep if generations else 0
    over = [one for one in generations if one.stage in (Stage.RETIRED, Stage.DRAINING)]
    return tuple(reversed(over[-keep:] if keep else []))


def _service(
    host: Host,
    service: Service,
    wanted: Wanted,
    generations: tuple[Generation, ...],
    found: dict[str, Found],
) -> ServiceReport:
    mine = tuple(one for one in generations if one.service == service)
    live = [one.number for one in mine if one.stage is Stage.LIVE]
    holder = host.records.leases.holder(service)
    back = {one.number for one in returnable(mine)}
    return ServiceReport(
        service.app,
        service.environment,
        wanted.value,
        live[-1] if live else None,
        None if holder is None else ChangeReport(holder.owner, holder.purpose, holder.since),
        tuple(
            _generation(host, one, found.get(one.guest), one.number in back)
            for one in reversed(mine)
        ),
    )


def _generation(host: Host, one: Generation, found: Found | None, back: bool) -> GenerationReport:
    release = one.release
    return GenerationReport(
        number=one.number,
        stage=one.stage.value,
        slot=one.slot,
        digest=release.digest,
        image=release.image,
        program=release.program,
        commit=release.commit,
        modified=release.modified,
        signer=release.signer,
        author=one.author,
        created=one.created,
        changed=one.changed,
        reason=one.reason,
        restarts=one.restarts,
        healthy=one.healthy if one.stage is Stage.LIVE else None,
        said=one.said,
        probed=one.probed,
        arguments=release.arguments,
        ports=tuple(map(str, release.ports)),
        memory=release.memory,
        returnable=back,
        guest=None if found is None else _guest(host, found),
    )


def _guest(host: Host, found: Found) -> GuestReport:
    used: Statistics | None = None
    outcome = ""
    with contextlib.suppress(UserError):
        if found.state is State.RUNNING:
            used = host.driver.statistics(found.name)
        else:
            ended = host.driver.outcome(found.name)
            outcome = "" if ended is None else meaning(ended)
    return GuestReport(
        found.state.value,
        found.number,
        found.started,
        found.remark,
        outcome,
        None if used is None else used.cpu,
        None if used is None else used.memory,
        None if used is None else used.received,
        None if used is None else used.sent,
    )


def _host(host: Host, strangers: tuple[str, ...]) -> HostReport:
    total, available = _memory()
    space = os.statvfs(host.root)
    return HostReport(
        name=platform.node(),
        driver=host.driver.name,
        bridge=host.bridge,
        system=f"{platform.system()} {platform.release()}",
        cpus=os.cpu_count() or 1,
        load=os.getloadavg()[0],
        memory=total,
        available=available,
        disk_free=space.f_bavail * space.f_frsize,
        supervised=running(host.root),
        strangers=strangers,
    )


def _memory(meminfo: Path = Path("/proc/meminfo")) -> tuple[int, int]:
    """The bytes that there are, and that could be had."""
    values = {}
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in meminfo.read_text().splitlines():
            name, _, rest = line.partition(":")
            values[name] = int(rest.split()[0]) * 1024
    return values.get("MemTotal", 0), values.get("MemAvailable", 0)
