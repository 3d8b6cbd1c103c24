"""A host's answers as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from fata.deploy.agent.wire import plain
from fata.deploy.status import EventReport, GenerationReport, ServiceReport, StatusReport
from functoria.error import UserError

_HEAD = ("SERVICE", "LIVE", "SINCE", "HEALTH", "PORTS", "IMAGE", "COMMIT")


def report_of(answer: Mapping[str, object]) -> StatusReport:
    """`report_of(answer)` is what the host has told. Raises `UserError`."""
    try:
        return msgspec.convert(answer, StatusReport)
    except ValueError:
        raise _not_understood() from None


def events_of(answer: Mapping[str, object]) -> tuple[EventReport, ...]:
    """`events_of(answer)` is what the host has told. Raises `UserError`."""
    try:
        return msgspec.convert(answer.get("events"), tuple[EventReport, ...])
    except ValueError:
        raise _not_understood() from None


def shown(report: StatusReport, now: float) -> Iterator[str]:
    """`shown(report, now)` is a table of services, and below it what is not as it should be."""
    rows = [_HEAD, *(_row(service, now) for service in report.services)]
    yield from table(rows)
    for service in report.services:
        yield from _remarks(service, now)


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """`table(rows)` is the rows in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        fitted = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(fitted).rstrip()


def ago(seconds: float) -> str:
    """`ago(seconds)` is a time that has passed, in the largest unit that says enough."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def moment(at: float) -> str:
    """`moment(at)` is a time of the epoch, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def live_of(service: ServiceReport) -> GenerationReport | None:
    """`live_of(service)` is its live generation."""
    return next((one for one in service.generations if one.number == service.live), None)


def condition(service: ServiceReport) -> str:
    """`condition(service)` is one word or two on how it is."""
    live = live_of(service)
    if service.wanted == "stopped":
        return "stopped"
    if live is None:
        return "never live"
    if live.guest is None or live.guest.state != "running":
        finished = live.guest is not None and live.guest.outcome.startswith("exit code 0 ")
        return "finished" if finished else "down"
    return {True: "healthy", False: "unhealthy", None: "not asked yet"}[live.healthy]


def _row(service: ServiceReport, now: float) -> tuple[str, ...]:
    live = live_of(service)
    name = f"{service.app}.{service.environment}"
    if live is None:
        return (name, "-", "-", condition(service), "-", "-", "-")
    commit = (live.commit[:8] or "-") + ("+" if live.modified else "")
    return (
        name,
        f"g{live.number}",
        ago(now - live.changed),
        condition(service),
        plain(" ".join(live.ports)) or "-",
        live.image.removeprefix("sha256:")[:12] or "-",
        plain(commit),
    )


def _remarks(service: ServiceReport, now: float) -> Iterator[str]:
    name = f"{service.app}.{service.environment}"
    if service.change is not None:
        change = service.change
        yield plain(
            f"{name}: {change.purpose}, by {change.owner}, for {ago(now - change.since)} now"
        )
    live = live_of(service)
    if live is not None and live.restarts:
        yield f"{name}: started again {live.restarts} times"
    if live is not None and live.said and not live.healthy:
        yield plain(f"{name}: {live.said}")
    if live is not None and live.guest is not None and live.guest.outcome:
        yield plain(f"{name}: {live.guest.outcome}")
    if service.generations and service.generations[0].stage == "failed":
        failed = service.generations[0]
        yield plain(
            f"{name}: g{failed.number} failed {ago(now - failed.changed)} ago: {failed.reason}"
        )


def _not_understood() -> UserError:
    return UserError(
        "the host's answer cannot be understood",
        "fata agent",
        "run the command again, which brings the host's fata to the version of yours",
    )
