"""Randomness."""

from __future__ import annotations

from functoria import Device, Impl

from fata.devices.types import RANDOM


def random() -> Impl:
    """`random()` is the kernel's random number generator, fit for keys."""
    return Device(
        name="random",
        type=RANDOM,
        constructor="libos.random:SystemRandom",
        doc="the kernel's random numbers",
    )
