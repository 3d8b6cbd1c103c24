"""The generations of services, as they are written down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fata.deploy.records.addresses import Addresses
from fata.deploy.records.database import FILE, Database
from fata.deploy.records.leases import Lease, Leases
from fata.deploy.records.samples import Samples
from fata.deploy.release import Release, decode, encode
from fata.deploy.service import Service
from fata.deploy.stages import NEXT, OVER, Stage

_HISTORY = 200
"""Generations of a service of which more is kept than pictures of them."""

_COLUMNS = (
    "app, environment, number, stage, slot, driver, release, author, created, changed, reason, "
    "restarts, healthy, said, probed"
)


class Wanted(StrEnum):
    """Whether a service's live generation is to run."""

    RUNNING = "running"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Generation:
    """`Generation(service, number, stage, ...)` is one deployment of a service.

    `slot` is `a` or `b`: one address each, so that two run side by side. `author` is who asked for
    it. Times are seconds of the epoch. `healthy` is what it answered when it was `probed` last,
    and `said` that in words.
    """

    service: Service
    number: int
    stage: Stage
    slot: str
    driver: str
    release: Release
    author: str
    created: float
    changed: float
    reason: str = ""
    restarts: int = 0
    healthy: bool | None = None
    said: str = ""
    probed: float | None = None

    @property
    def guest(self) -> str:
        """The name of its VM."""
        return self.service.guest(self.number)


@dataclass(frozen=True, slots=True)
class Event:
    """`Event(at, service, generation, what)` is something that happened, in words."""

    at: float
    service: Service
    generation: int | None
    what: str


class Records:
    """`Records(root)` is what the host has written down. Every method raises `UserError`."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self.database = Database(root)
        self.leases = Leases(self.database)
        self._clock = clock
        self.addresses = Addresses(self.database, self.leases)
        self.samples = Samples(self.database)
        self._where = str(root / FILE)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def services(self) -> Mapping[Service, Wanted]:
        """`services()` is every service, and whether it is to run, in order."""
        rows = self.database.rows(
            "SELECT app, environment, wanted FROM services ORDER BY app, environment"
        )
        return {Service(str(app), str(env)): Wanted(str(wanted)) for app, env, wanted in rows}

    def generations(self, service: Service | None = None) -> tuple[Generation, ...]:
        """`generations(service)` is its generations, the oldest first.

        Without a service, it is all there are.
        """
        where, values = _only(service)
        rows = self.database.rows(
            f"SELECT {_COLUMNS} FROM generations {where} ORDER BY app, environment, number",  # noqa: S608
            *values,
        )
        return tuple(self._generation(row) for row in rows)

    def live(self, service: Service) -> Generation | None:
        """`live(service)` is the generation that traffic is led to."""
        found = [one for one in self.generations(service) if one.stage is Stage.LIVE]
        return found[-1] if found else None

    def stage(
        self,
        lease: Lease,
        release: Release,
        driver: str,
        author: str,
        last: int = 0,
        used: Set[str] = frozenset(),
        allow: Callable[[], None] = lambda: None,
    ) -> Generation:
        """`stage(lease, release, driver, author)` is a new generation, written down.

        Its number is beyond all that are known, and `last`; its slot is not of those `used`.
        `allow` raises where it may not be: nobody else writes anything down meanwhile.
        """
        service, now = lease.service, self._clock()
        with self.changing(lease):
            allow()
            known = self.generations(service)
            number = max((last, *(one.number for one in known))) + 1
            taken = {*used, *(one.slot for one in known if one.stage not in OVER)}
            slot = "b" if "a" in taken else "a"
            self.database.execute(
                "INSERT OR IGNORE INTO services VALUES (?, ?, ?)",
                *(service.app, service.environment, Wanted.RUNNING.value),
            )
            self.database.execute(
                f"INSERT INTO generations ({_COLUMNS}) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, NULL, '', NULL)",
                *(service.app, service.environment, number, Stage.STAGED.value, slot, driver),
                *(encode(release), author, now, now),
            )
            self._event(service, number, f"staged by {author}")
        return Generation(service, number, Stage.STAGED, slot, driver, release, author, now, now)

    def advance(
        self,
        lease: Lease,
        steps: Iterable[tuple[Generation, Stage]],
        reason: str = "",
        wanted: Wanted | None = None,
    ) -> None:
        """`advance(lease, steps, reason)` takes generations to their next stages, all or none.

        With `wanted`, it is said as well whether the service is to run.
        """
        with self.changing(lease):
            for generation, stage in steps:
                self._advance(generation, stage, reason)
            if wanted is not None:
                self._want(lease.service, wanted)

    def want(self, lease: Lease, wanted: Wanted) -> None:
        """Say whether the service is to run."""
        with self.changing(lease):
            self._want(lease.service, wanted)

    def forget(self, lease: Lease) -> None:
        """Remove the service and all that is known of it but its events."""
        service = lease.service
        place = (service.app, service.environment)
        with self.changing(lease):
            for table in ("generations", "addresses", "services", "samples"):
                self.database.execute(
                    f"DELETE FROM {table} WHERE app = ? AND environment = ?",  # noqa: S608
                    *place,
                )
            self._event(service, None, "removed")

    def restarted(self, lease: Lease, generation: Generation, why: str) -> None:
        """Write down that a live generation's guest is started again."""
        with self.changing(lease):
            self._set(generation, "restarts = restarts + 1")
            self._event(generation.service, generation.number, f"started again: {why}")

    def probed(self, generation: Generation, healthy: bool, said: str) -> None:
        """Write down what a guest has answered."""
        self._set(
            generation, "healthy = ?, said = ?, probed = ?", int(healthy), said, self._clock()
        )

    def event(self, service: Service, generation: int | None, what: str) -> None:
        """Write down what happened."""
        with self.database.transaction():
            self._event(service, generation, what)

    def events(self, service: Service | None, limit: int = 100) -> tuple[Event, ...]:
        """`events(service, limit)` is what happened last, the newest first."""
        where, values = _only(service)
        rows = self.database.rows(
            f"SELECT at, app, environment, generation, what FROM events {where} "  # noqa: S608
            "ORDER BY number DESC LIMIT ?",
            *(*values, limit),
        )
        return tuple(
            Event(
                float(str(at)),
                Service(str(app), str(env)),
                None if number is None else int(str(number)),
                str(what),
            )
            for at, app, env, number, what in rows
        )

    def trim(self) -> None:
        """Remove what is so old that nobody asks for it."""
        with self.database.transaction():
            self.database.execute(
                "DELETE FROM events WHERE number <= (SELECT MAX(number) FROM events) - 10000"
            )
            for service in self.services():
                old = self.generations(service)[:-_HISTORY]
                for one in old:
                    if one.stage in OVER:
                        self.database.execute(
                            "DELETE FROM generations WHERE app = ? AND environment = ? "
                            "AND number = ?",
                            *(service.app, service.environment, one.number),
                        )

    @contextmanager
    def changing(self, lease: Lease) -> Iterator[None]:
        """A transaction that is written only if the lease is still ours."""
        with self.database.transaction():
            self.leases.check(lease)
            yield

    def _want(self, service: Service, wanted: Wanted) -> None:
        before = self.services().get(service)
        self.database.execute(
            "UPDATE services SET wanted = ? WHERE app = ? AND environment = ?",
            *(wanted.value, service.app, service.environment),
        )
        if wanted is not before:
            self._event(service, None, f"is to be {wanted.value}")

    def _advance(self, generation: Generation, stage: Stage, reason: str) -> None:
        service = generation.service
        rows = self.database.rows(
            "SELECT stage FROM generations WHERE app = ? AND environment = ? AND number = ?",
            *(service.app, service.environment, generation.number),
        )
        before = Stage(str(rows[0][0]))
        if stage not in NEXT[before]:
            raise RuntimeError(f"{generation.guest} cannot go from {before} to {stage}")
        self._set(
            generation, "stage = ?, reason = ?, changed = ?", stage.value, reason, self._clock()
        )
        self._event(service, generation.number, f"{stage}: {reason}" if reason else stage.value)

    def _set(self, generation: Generation, assignments: str, *values: object) -> None:
        service = generation.service
        self.database.execute(
            f"UPDATE generations SET {assignments} "  # noqa: S608
            "WHERE app = ? AND environment = ? AND number = ?",
            *(*values, service.app, service.environment, generation.number),
        )

    def _event(self, service: Service, generation: int | None, what: str) -> None:
        self.database.execute(
            "INSERT INTO events (at, app, environment, generation, what) VALUES (?, ?, ?, ?, ?)",
            *(self._clock(), service.app, service.environment, generation, what),
        )

    def _generation(self, row: tuple[object, ...]) -> Generation:
        app, environment, number, stage, slot, driver, release, author = map(str, row[:8])
        healthy, probed = row[12], row[14]
        return Generation(
            Service(app, environment),
            int(number),
            Stage(stage),
            slot,
            driver,
            decode(release, self._where),
            author,
            float(str(row[8])),
            float(str(row[9])),
            str(row[10]),
            int(str(row[11])),
            None if healthy is None else bool(healthy),
            str(row[13]),
            None if probed is None else float(str(probed)),
        )


def _only(service: Service | None) -> tuple[str, tuple[str, ...]]:
    """The condition that rows are of that service, and its values."""
    if service is None:
        return "", ()
    return "WHERE app = ? AND environment = ?", (service.app, service.environment)
