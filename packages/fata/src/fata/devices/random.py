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


def seeded_random(seed: int | str) -> Impl:
    """`seeded_random(7)` gives the same bytes to every run. Not for keys: they are no secret.

    The program says so in its log when it starts.
    """
    return Device(
        name="random",
        type=RANDOM,
        constructor="libos.seeded_random:SeededRandom",
        keywords={"seed": seed},
        doc="bytes that follow from a seed, not for keys",
    )
