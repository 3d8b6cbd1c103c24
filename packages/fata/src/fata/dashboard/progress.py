"""How far a rollout is, as steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fata.deploy.shown import live_of
from fata.deploy.stages import RISING, Stage
from fata.deploy.status import ServiceReport

_WAY = (Stage.STAGED, Stage.BOOTED, Stage.HEALTHY, Stage.LIVE, Stage.DRAINING, Stage.RETIRED)
_MEANING = {
    Stage.STAGED: "written down, its guest starts",
    Stage.BOOTED: "its guest runs",
    Stage.HEALTHY: "it has answered",
    Stage.LIVE: "traffic is led to it",
    Stage.DRAINING: "the one before ends its connections",
    Stage.RETIRED: "the one before is kept, to return to",
}


class Reached(StrEnum):
    """Whether a step was passed, is where the rollout stands, or is to come."""

    PASSED = "passed"
    HERE = "here"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Step:
    """`Step(stage, reached, meaning)` is one step of the way."""

    stage: str
    reached: Reached
    meaning: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`Progress(title, steps)` is a rollout that is under way."""

    title: str
    steps: tuple[Step, ...]


def progress(service: ServiceReport) -> Progress | None:
    """`progress(service)` is its rollout, `None` where there is none.

    The last two steps are of the generation before, which there is none of the first time.
    """
    rising = next((one for one in service.generations if one.stage in RISING), None)
    draining = next((one for one in service.generations if one.stage == Stage.DRAINING), None)
    live = live_of(service)
    if rising is not None:
        before = live
        title, stage = f"g{rising.number} is on its way", Stage(rising.stage)
        if service.change is None:
            title = f"g{rising.number} was interrupted on its way"
    elif draining is not None and live is not None:
        before = draining
        title, stage = f"g{live.number} is live, g{draining.number} is draining", Stage.DRAINING
    else:
        return None
    way = _WAY if before is not None else _WAY[:4]
    here = way.index(stage)
    return Progress(
        title, tuple(Step(each, _reached(n, here), _MEANING[each]) for n, each in enumerate(way))
    )


def _reached(number: int, here: int) -> Reached:
    if number == here:
        return Reached.HERE
    return Reached.PASSED if number < here else Reached.AHEAD
