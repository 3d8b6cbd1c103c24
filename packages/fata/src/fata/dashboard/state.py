"""What is known of the host, as the pages want it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from fata.dashboard.answers import Answers, Told, question
from fata.dashboard.progress import Progress, progress
from fata.deploy.shown import condition, live_of, report_of
from fata.deploy.stages import OVER
from fata.deploy.status import GenerationReport, ServiceReport, StatusReport
from functoria.error import UserError

STATUS = question("status")


@dataclass(frozen=True, slots=True)
class Row:
    """`Row(service)` is a service, and what follows from what the host says of it."""

    service: ServiceReport

    @property
    def name(self) -> str:
        """What it is called in addresses."""
        return f"{self.service.app}.{self.service.environment}"

    @property
    def live(self) -> GenerationReport | None:
        """Its live generation."""
        return live_of(self.service)

    @property
    def condition(self) -> str:
        """How it is, in a word or two."""
        return condition(self.service)

    @property
    def progress(self) -> Progress | None:
        """Its rollout."""
        return progress(self.service)

    @property
    def failed(self) -> GenerationReport | None:
        """The newest generation, if it failed."""
        newest = next(iter(self.service.generations), None)
        return newest if newest is not None and newest.stage == "failed" else None

    @property
    def newest(self) -> GenerationReport | None:
        """The one that runs or begins to; otherwise the last."""
        begun = (one for one in self.service.generations if one.stage not in OVER)
        return next(begun, next(iter(self.service.generations), None))

    @property
    def returnable(self) -> tuple[GenerationReport, ...]:
        """Those that can be rolled back to, the newest first."""
        return tuple(one for one in self.service.generations if one.returnable)

    def generation(self, number: int) -> GenerationReport | None:
        """`generation(3)` is that one."""
        return next((one for one in self.service.generations if one.number == number), None)


@dataclass(frozen=True, slots=True)
class State:
    """`State(told, report, error, now)` is what the host has said last of what it runs.

    `now` is the host's time. `error` is why there is nothing newer.
    """

    told: Told
    report: StatusReport | None
    error: UserError | None
    now: float

    @property
    def answering(self) -> bool:
        """Whether the host answers, as far as is known."""
        return self.error is None

    @property
    def rows(self) -> tuple[Row, ...]:
        """Its services."""
        return () if self.report is None else tuple(map(Row, self.report.services))

    @property
    def changing(self) -> bool:
        """Whether something is under way, so that one wants to see more often how it goes."""
        return any(row.progress or row.service.change for row in self.rows)

    def row(self, name: str) -> Row | None:
        """`row("website.production")` is that service."""
        return next((row for row in self.rows if row.name == name), None)


def state_of(told: Told, here: float) -> State:
    """`state_of(told, here)` is what that answer says; `here` is this machine's time."""
    error, report = told.error, None
    if told.answer is not None:
        try:
            report = report_of(told.answer)
        except UserError as found:
            error = found
    now = here if report is None else report.at + max(0.0, here - told.at)
    return State(told, report, error, now)


def look(answers: Answers, clock: Callable[[], float] = time.time, wait: float = 5.0) -> State:
    """`look(answers)` is what is known now."""
    (told,) = answers.of((STATUS,), fresh=1.5, wait=wait)
    return state_of(told, clock())
