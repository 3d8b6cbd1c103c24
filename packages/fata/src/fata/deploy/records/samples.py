"""What guests have used, every few seconds of the last day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fata.deploy.drivers.driver import Statistics
from fata.deploy.records.database import Database
from fata.deploy.service import Service

KEPT = 24 * 3600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`Sample(at, generation, ...)` is what a guest had used by then, since its start.

    `cpu` is in seconds, `memory` what it held; the rest is bytes, `None` where it is not counted.
    """

    at: float
    generation: int
    cpu: float
    memory: int
    received: int | None
    sent: int | None
    read: int | None
    written: int | None


class Samples:
    """`Samples(database)` keeps them, and forgets those that are older than a day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, service: Service, generation: int, at: float, used: Statistics) -> None:
        """Keep what a guest of the service has used at that time."""
        with self._database.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(at, service.app, service.environment, generation, used.cpu, used.memory),
                *(used.received, used.sent, used.read, used.written),
            )
            # A clock that was set back has left some in the future: they are as useless.
            self._database.execute(
                "DELETE FROM samples WHERE at < ? OR at > ?", at - KEPT, at + KEPT
            )

    def of(self, service: Service, since: float) -> Sequence[Sample]:
        """`of(service, since)` is the samples after that time, the oldest first."""
        rows = self._database.rows(
            "SELECT at, generation, cpu, memory, received, sent, read, written FROM samples "
            "WHERE app = ? AND environment = ? AND at > ? ORDER BY at",
            *(service.app, service.environment, since),
        )
        return tuple(
            Sample(
                float(str(row[0])),
                int(str(row[1])),
                float(str(row[2])),
                int(str(row[3])),
                *(None if value is None else int(str(value)) for value in row[4:]),
            )
            for row in rows
        )
