"""Deadlines, measured by the clock that nobody sets."""

from __future__ import annotations

import time


class Deadline:
    """`Deadline(seconds)` is that much time, from now on."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left, 0 at the least."""
        return max(0.0, self._end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end
