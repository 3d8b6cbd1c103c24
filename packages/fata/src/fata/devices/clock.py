"""Time."""

from __future__ import annotations

from fata.devices.types import CLOCK
from functoria import Device, Impl


def clock() -> Impl:
    """`clock()` is the machine's own clock: wall time, monotonic time and sleep."""
    return Device(
        name="clock", type=CLOCK, constructor="libos.clock:SystemClock", doc="the machine's clock"
    )
