"""Randomness."""

from __future__ import annotations

from fata.devices.types import RANDOM
from functoria import Device, Impl


def random() -> Impl:
    """`random()` is the kernel's random number generator, fit for keys."""
    return Device(
        name="random",
        type=RANDOM,
        constructor="libos.random:SystemRandom",
        doc="the kernel's random numbers",
    )
