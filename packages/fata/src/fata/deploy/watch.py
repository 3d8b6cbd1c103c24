"""Watching live guests: whether they still answer, and what they use."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace

from fata.deploy.drivers.driver import State
from fata.deploy.host import Host, Report
from fata.deploy.records.leases import Holder
from fata.deploy.records.records import Generation
from fata.deploy.rollout import ask
from fata.deploy.stages import Stage
from fata.settings import Kind
from functoria.error import UserError

PROBE_SECONDS = 5.0
SAMPLE_SECONDS = 10.0
_TOLERATED = 6
"""Times in a row that a guest may not answer, before it is taken for dead."""
_TOLD_SECONDS = 60.0
OWNER = "the supervisor"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a guest, by the clock that nobody sets.

    `number` is what the hypervisor knows it by, and `since` when it was first seen.
    """

    number: int | None
    since: float
    next_probe: float = 0.0
    lost: int = 0
    told: float = float("-inf")
    ok: bool | None = None


class Watch:
    """`Watch(host, report)` looks at live guests in turns."""

    def __init__(self, host: Host, report: Report) -> None:
        self._host = host
        self._report = report
        self._seen: dict[str, _Seen] = {}
        self._sampled = float("-inf")

    def run(self) -> None:
        """Ask those whose turn it is, and write down what all have used."""
        running = {
            one.name: one.number for one in self._host.driver.list() if one.state is State.RUNNING
        }
        live = [
            one
            for one in self._host.records.generations()
            if one.stage is Stage.LIVE and one.guest in running
        ]
        self._seen = {one.guest: self._known(one, running[one.guest]) for one in live}
        for one in live:
            with contextlib.suppress(UserError):
                self._look(one)
        if time.monotonic() - self._sampled >= SAMPLE_SECONDS:
            self._sampled = time.monotonic()
            for one in live:
                with contextlib.suppress(UserError):
                    used = self._host.driver.statistics(one.guest)
                    self._host.records.samples.add(
                        one.service, one.number, self._host.clock(), used
                    )

    def _known(self, one: Generation, number: int | None) -> _Seen:
        """What was seen of that guest before, or that it runs since now."""
        seen = self._seen.get(one.guest)
        if seen is not None and seen.number == number:
            return seen
        return _Seen(number, time.monotonic(), ok=one.healthy)

    def _look(self, one: Generation) -> None:
        seen, now = self._seen[one.guest], time.monotonic()
        if now < seen.next_probe:
            return
        answer = ask(self._host, one)
        pause = max(PROBE_SECONDS, one.release.health.interval)
        if not answer.ok and now - seen.since < one.release.health.deadline:
            # It may have been started again, and has as long as a new one has.
            self._seen[one.guest] = replace(seen, next_probe=now + one.release.health.interval)
            return
        lost = 0 if answer.ok else seen.lost + 1
        news = answer.ok is not seen.ok
        told = seen.told
        if news or now - told > _TOLD_SECONDS:
            self._host.records.probed(one, answer.ok, answer.said)
            told = now
        if news:
            self._report(f"{one.guest} {answer.said}")
            self._host.records.event(one.service, one.number, answer.said)
        self._seen[one.guest] = replace(
            seen, next_probe=now + pause, lost=lost, told=told, ok=answer.ok
        )
        if lost >= _TOLERATED and one.release.health.kind is not Kind.CONSOLE:
            self._end(one, lost)

    def _end(self, one: Generation, lost: int) -> None:
        """End a guest that does not answer; that it does not run is then repaired."""
        lease = self._host.records.leases.take(one.service, OWNER, f"end {one.guest}")
        if isinstance(lease, Holder):
            return
        try:
            what = f"did not answer {lost} times in a row, and is started again"
            self._report(f"{one.guest} {what}")
            self._host.records.event(one.service, one.number, what)
            self._host.driver.destroy(one.guest)
            self._seen[one.guest] = replace(self._seen[one.guest], lost=0)
        finally:
            self._host.records.leases.give_back(lease)
