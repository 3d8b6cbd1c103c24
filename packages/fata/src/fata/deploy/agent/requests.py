"""What may be asked of a host about its services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from fata.deploy.agent.wire import not_understood
from fata.settings import PRODUCTION, Health, Kind, Limits, Port

T = TypeVar("T")

_DAY = 86400.0
_MOST = 1000
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """`Deployment(app=..., manifest=..., ...)` asks for an image that has arrived to go live.

    `manifest` and `signature` are digests. `wait` is the seconds that another change may take
    first. With `dry_run` the plan is told, and nothing done. `by` is who asks, as they say.
    """

    app: str
    environment: str = PRODUCTION
    manifest: str
    signature: str | None = None
    arguments: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    memory: int | None = None
    cpus: int | None = None
    limits: Limits = field(default_factory=Limits)
    health: Health = field(default_factory=lambda: Health(Kind.CONSOLE))
    keep: int = 3
    wait: float = 0.0
    dry_run: bool = False
    by: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for what no fata.toml can say."""
        health = self.health
        times = (health.interval, health.timeout, health.deadline, health.drain, self.wait)
        possible = (
            all(0 <= seconds <= _DAY for seconds in times),
            min(health.interval, health.timeout, health.deadline) > 0,
            1 <= health.successes <= _MOST,
            0 <= self.keep <= _MOST,
            (health.kind is Kind.CONSOLE) == (health.port is None),
            health.port is None or 1 <= health.port <= _LAST_PORT,
            all(
                1 <= number <= _LAST_PORT for one in self.ports for number in (one.host, one.guest)
            ),
            self.memory is None or 1 <= self.memory <= 1 << 20,
            self.cpus is None or 1 <= self.cpus <= 256,
            self.limits.cpu is None or 0 < self.limits.cpu <= 256,
            self.limits.io is None or 1 <= self.limits.io < 1 << 60,
        )
        if not all(possible):
            raise ValueError("no settings are like that")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """`About(app=..., environment=...)` is a request about one service.

    `generation` is `None` for the one that suggests itself: the live one, or for a rollback the one
    before. `data` asks to remove volumes, too.
    """

    app: str
    environment: str = PRODUCTION
    generation: int | None = None
    wait: float = 0.0
    data: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`Reading(app=..., ...)` asks for a console: its last lines, or what came since a position."""

    app: str
    environment: str = PRODUCTION
    generation: int | None = None
    lines: int = 100
    follow: bool = False
    previous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """`Asking(app=..., limit=...)` asks what is or was, of one service or of all.

    `since` is in seconds of the epoch.
    """

    app: str | None = None
    environment: str | None = None
    limit: int = 100
    since: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """`Pruning(dry_run=True)` asks what could be removed."""

    dry_run: bool = False


def read(request: Mapping[str, object], kind: type[T]) -> T:
    """`read(request, kind)` is the request as a value. Raises `UserError`."""
    try:
        return msgspec.convert(request, kind)
    except ValueError:
        raise not_understood() from None
