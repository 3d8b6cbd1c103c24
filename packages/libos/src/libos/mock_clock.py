"""A clock that a test holds in its hands: its time moves when it is slept or told to move."""

from __future__ import annotations

import asyncio
import time
from heapq import heappop, heappush

TYPE_CHECKING = False  # `typing` costs more to import than all of this module

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, Handle

# What the last jump woke may hand on its news through this many turns of the event loop before
# the clock takes it that everybody sleeps.
SETTLE_TURNS = 50


class MockClock:
    """`MockClock(start, rate)` is a `Clock` that begins at `start`, in seconds since the epoch.

    With `rate` 0 its time stands still until everybody sleeps, and then jumps to where the first
    of them wakes: hours pass in no time, and always in the same order. Who waits for anything but
    this clock, such as a connection, does not hold it up. With another `rate` it runs that many
    times as fast as the machine's own. Monotonic time begins at 0. Raises `ValueError` for a
    `rate` below 0.
    """

    def __init__(self, start: float = 0.0, rate: float = 0.0) -> None:
        if not rate >= 0:
            raise ValueError(f"the rate of a clock is 0 or more, not {rate}")
        self._start = start
        self._rate = rate
        self._told = 0.0
        self._begun = time.monotonic() if rate else 0.0
        self._sleepers: list[tuple[float, int, Future[None]]] = []
        self._slept = 0
        self._loop: AbstractEventLoop | None = None
        self._alarm: Handle | None = None
        self._turns = 0

    def now(self) -> float:
        """Seconds since the epoch, as if the clock had been right at its start."""
        return self._start + self.monotonic()

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        if not self._rate:
            return self._told
        return self._told + (time.monotonic() - self._begun) * self._rate

    async def sleep(self, seconds: float) -> None:
        """Sleep `seconds` of this clock."""
        if not seconds > 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # whoever slept in an earlier loop has ended with it
            self._loop, self._alarm = loop, None
            self._sleepers.clear()
        woken = loop.create_future()
        self._slept += 1
        heappush(self._sleepers, (self.monotonic() + seconds, self._slept, woken))
        self._set_alarm(loop)
        await woken

    def advance(self, seconds: float) -> None:
        """Move the time by `seconds`, and wake those whose time has come, the earliest first.

        Raises `ValueError` below 0: the time of a clock never runs backwards.
        """
        if not seconds >= 0:
            raise ValueError(f"a clock advances by 0 seconds or more, not {seconds}")
        self._told += seconds
        self._wake(self.monotonic())

    def _set_alarm(self, loop: AbstractEventLoop) -> None:
        """See to it that the clock looks after its sleepers again, in time for the earliest."""
        self._turns = 0
        if not self._rate:
            if self._alarm is None:
                self._alarm = loop.call_soon(self._turn, loop)
            return
        if self._alarm is not None:
            self._alarm.cancel()
        left = max(0.0, self._sleepers[0][0] - self.monotonic())
        self._alarm = loop.call_later(left / self._rate, self._ring, loop)

    def _turn(self, loop: AbstractEventLoop) -> None:
        """Count a turn of the event loop in which nobody fell asleep; after enough, jump."""
        self._turns += 1
        if self._turns < SETTLE_TURNS:
            self._alarm = loop.call_soon(self._turn, loop)
            return
        self._drop_cancelled()
        if self._sleepers:
            self._told = max(self._told, self._sleepers[0][0])
        self._ring(loop)

    def _ring(self, loop: AbstractEventLoop) -> None:
        self._alarm = None
        self._wake(self.monotonic())
        if self._sleepers:
            self._set_alarm(loop)

    def _wake(self, now: float) -> None:
        self._drop_cancelled()
        while self._sleepers and self._sleepers[0][0] <= now:
            heappop(self._sleepers)[2].set_result(None)
            self._drop_cancelled()

    def _drop_cancelled(self) -> None:
        """A sleep that was cancelled moves no time."""
        while self._sleepers and self._sleepers[0][2].cancelled():
            heappop(self._sleepers)
