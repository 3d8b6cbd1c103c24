"""The memory that a guest needs."""

from __future__ import annotations

from collections.abc import Callable

LOWEST = 16
"""MiB below which no guest of ours is tried."""


def smallest(serves: Callable[[int], bool], enough: int, lowest: int = LOWEST) -> int:
    """`smallest(serves, enough)` is the least MiB for which `serves` holds, by bisection.

    `enough` is known to hold, and less than `lowest` is not tried. What was found is asked twice
    more, and raised by a MiB while it does not hold each time: near the limit a guest may start
    once and not again.
    """
    highest = enough
    while lowest < highest:
        middle = (lowest + highest) // 2
        if serves(middle):
            highest = middle
        else:
            lowest = middle + 1
    while highest < enough and not (serves(highest) and serves(highest)):
        highest += 1
    return highest
