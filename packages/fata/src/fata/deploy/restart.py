"""When a guest that has ended is started again, by what it ended with."""

from __future__ import annotations

from dataclasses import dataclass

from fata.deploy.drivers.driver import Outcome
from libos.boot.outcome import BAD_ARGUMENT, SUCCESS

LONGEST = 60.0
"""Seconds between two starts at most."""
STEADY = 300.0
"""Seconds after which a guest that ends is not one that ends again and again."""
_FINAL = frozenset({SUCCESS, BAD_ARGUMENT})


def is_final(outcome: Outcome | None) -> bool:
    """`is_final(outcome)` is whether starting it again would change nothing.

    It has finished, or does not understand its arguments, which are the same each time.
    """
    return outcome is not None and outcome.code in _FINAL


@dataclass(frozen=True, slots=True)
class Attempts:
    """`Attempts(count, last)` is how often a guest was started again lately, and when last.

    Times are of the clock that nobody sets.
    """

    count: int = 0
    last: float = float("-inf")

    @property
    def due(self) -> float:
        """When it may be started next: at once the first time, then after 1, 2, 4 seconds..."""
        if self.count == 0:
            return float("-inf")
        return self.last + min(LONGEST, 2.0 ** min(self.count - 1, 30))

    def again(self, now: float) -> Attempts:
        """`again(now)` is with one more; what was long ago does not count."""
        if now - self.last > STEADY:
            return Attempts(1, now)
        return Attempts(self.count + 1, now)
