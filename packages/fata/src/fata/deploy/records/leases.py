"""Who is changing a service: one at a time, for as long as they live and go on."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from fata.deploy.records.database import Database
from fata.deploy.service import Service
from fata.identity import Identity, identify
from functoria.error import UserError

SECONDS = 300.0
"""After so long without a sign of life a lease is over, though its process may hang on."""


@dataclass(frozen=True, slots=True)
class Holder:
    """`Holder(owner, purpose, since, ...)` is who has a lease; `since` is seconds of the epoch."""

    owner: str
    purpose: str
    since: float
    identity: Identity
    renewed: float
    token: str


@dataclass(frozen=True, slots=True)
class Lease:
    """`Lease(service, token)` is the right to change a service, until somebody else has it."""

    service: Service
    token: str


def elapsed() -> float:
    """`elapsed()` is the seconds since the host was started, which no one sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Leases:
    """`Leases(database)` gives leases, and takes them from those who died.

    Times are measured by the clock that nobody sets, so that a jump of the other one neither ends
    a lease nor prolongs it.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = elapsed) -> None:
        self._database = database
        self._clock = clock
        self._ended: set[str] = set()

    def holder(self, service: Service) -> Holder | None:
        """`holder(service)` is who has the lease; `None` where nobody is left to have it."""
        rows = self._database.rows(
            "SELECT owner, purpose, since, pid, start, boot, renewed, token FROM leases "
            "WHERE app = ? AND environment = ?",
            service.app,
            service.environment,
        )
        for owner, purpose, since, pid, start, boot, renewed, token in rows:
            identity = Identity(int(str(pid)), int(str(start)), str(boot))
            at = float(str(renewed))
            if str(token) in self._ended:
                continue
            if identity.alive and self._clock() - at < SECONDS:
                return Holder(str(owner), str(purpose), float(str(since)), identity, at, str(token))
        return None

    def take(self, service: Service, owner: str, purpose: str) -> Lease | Holder:
        """`take(service, owner, purpose)` is the lease, or who has it."""
        me = identify(os.getpid())
        if me is None:
            raise RuntimeError("a process that does not find itself in /proc")
        token = secrets.token_hex(16)
        with self._database.transaction():
            held = self.holder(service)
            if held is not None:
                return held
            self._database.execute(
                "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(service.app, service.environment, token, me.pid, me.start, me.boot),
                *(owner, purpose, time.time(), self._clock()),
            )
        return Lease(service, token)

    def renew(self, lease: Lease) -> None:
        """Say that the work goes on. Raises `UserError` where another has the lease by now."""
        with self._database.transaction():
            self.check(lease)
            self._database.execute(
                "UPDATE leases SET renewed = ? WHERE token = ?", self._clock(), lease.token
            )

    def check(self, lease: Lease) -> None:
        """Within a transaction: raise `UserError` unless the lease is still that one."""
        rows = self._database.rows("SELECT token FROM leases WHERE token = ?", lease.token)
        if not rows:
            raise UserError(
                f"`{lease.service}` is being changed by somebody else since: this command did "
                f"not go on for {SECONDS:.0f} s",
                str(lease.service),
                "see with `fata status` what runs, then run the command again",
            )

    def give_back(self, lease: Lease) -> None:
        """End the lease; nothing happens where it has ended.

        Where that cannot be written down, it is over for this process, and for others when this
        process ends.
        """
        self._ended.add(lease.token)
        with contextlib.suppress(UserError):
            self._database.execute("DELETE FROM leases WHERE token = ?", lease.token)
            self._ended.discard(lease.token)
