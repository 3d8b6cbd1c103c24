"""The way of a generation, from its arrival to its end."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Stage(StrEnum):
    """Where a generation is on its way.

    `STAGED`: written down; its guest may be starting. `BOOTED`: its guest runs. `HEALTHY`: it has
    answered. `LIVE`: traffic is led to it. `DRAINING`: the next one is live; this one ends.
    `RETIRED`: it was live, and is kept to return to. `FAILED`: it was never live, or not for long.
    """

    STAGED = "staged"
    BOOTED = "booted"
    HEALTHY = "healthy"
    LIVE = "live"
    DRAINING = "draining"
    RETIRED = "retired"
    FAILED = "failed"


NEXT: Mapping[Stage, frozenset[Stage]] = {
    Stage.STAGED: frozenset({Stage.BOOTED, Stage.FAILED}),
    Stage.BOOTED: frozenset({Stage.HEALTHY, Stage.FAILED}),
    Stage.HEALTHY: frozenset({Stage.LIVE, Stage.FAILED}),
    # Back from draining where the next one did not last; failed where itself did not.
    Stage.LIVE: frozenset({Stage.DRAINING, Stage.RETIRED, Stage.FAILED}),
    Stage.DRAINING: frozenset({Stage.LIVE, Stage.RETIRED}),
    Stage.RETIRED: frozenset(),
    Stage.FAILED: frozenset(),
}
"""Which stages may follow."""

RISING = frozenset({Stage.STAGED, Stage.BOOTED, Stage.HEALTHY})
"""Of a rollout that is under way; without one, what was interrupted."""

OVER = frozenset({Stage.RETIRED, Stage.FAILED})
"""Whose guest must not run."""
