"""Time."""

from __future__ import annotations

from datetime import UTC, datetime

from fata.devices.types import CLOCK
from functoria import Device, Impl, UserError
from functoria.position import here


def clock() -> Impl:
    """`clock()` is the machine's own clock: wall time, monotonic time and sleep."""
    return Device(
        name="clock", type=CLOCK, constructor="libos.clock:SystemClock", doc="the machine's clock"
    )


def mock_clock(start: float | str = 0.0, *, rate: float = 0.0) -> Impl:
    """`mock_clock("2030-01-01 12:00")` is a clock that begins there, and moves when it is slept.

    `start` is a date and time as ISO 8601 writes them, in UTC unless they say otherwise, or
    seconds since 1970. Where everybody sleeps the time jumps to the first who wakes, so that a
    program runs through a day in no time, the same way each time. With a `rate` the clock runs
    by itself, that many times as fast as the machine's.
    """
    if not rate >= 0:
        raise UserError(
            f"a clock cannot run at the rate {rate}",
            here(),
            "give 0, for a clock that moves only when it is slept, or how many times as fast as "
            "the machine's it is to run",
        )
    return Device(
        name="clock",
        type=CLOCK,
        constructor="libos.mock_clock:MockClock",
        keywords={"start": _seconds(start), "rate": float(rate)},
        doc="a clock that moves when it is slept",
    )


def _seconds(start: float | str) -> float:
    if not isinstance(start, str):
        return float(start)
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        raise UserError(
            f"`{start}` is not a date and time",
            here(),
            'write it as in `mock_clock("2030-01-01 12:00:00")`, which is UTC',
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
