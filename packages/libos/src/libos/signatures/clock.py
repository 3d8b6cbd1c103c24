"""Time, as a program reads it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Wall time, monotonic time and sleep."""

    def now(self) -> float:
        """`now()` is seconds since 1970-01-01 00:00 UTC, which may jump when the clock is set."""
        ...

    def monotonic(self) -> float:
        """`monotonic()` is seconds since an arbitrary point, and never runs backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`, without holding up the event loop."""
        ...
