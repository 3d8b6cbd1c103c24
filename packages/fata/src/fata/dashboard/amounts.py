"""Amounts and times, as the pages show them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")


def binary(amount: float) -> str:
    """`binary(bytes)` is an amount of memory or of traffic: three figures and a unit of 1024."""
    unit = _BINARY[0]
    for unit in _BINARY:
        if amount < 999.5 or unit == _BINARY[-1]:
            break
        amount /= 1024
    return f"{figures(amount)} {unit}"


def rate(amount: float) -> str:
    """`rate(bytes)` is an amount each second."""
    return f"{binary(amount)}/s"


def percent(part: float) -> str:
    """`percent(0.25)` is `25 %`."""
    return f"{figures(100 * part)} %"


def figures(amount: float) -> str:
    """`figures(amount)` is a number with as many figures as say enough."""
    if amount >= 9.95 or amount == 0:
        return f"{amount:.0f}"
    text = f"{amount:.1f}" if amount >= 0.995 else f"{amount:.2f}"
    return text.rstrip("0").rstrip(".")


def clock(at: float) -> str:
    """`clock(at)` is the time of day, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def iso(at: float) -> str:
    """`iso(at)` is a time for machines."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def ceiling(amount: float, base: int) -> float:
    """`ceiling(amount, base)` is where an axis ends: a round number that is not less.

    Halves and quarters of it are round too, in powers of `base`, 10 or 1024.
    """
    if amount <= 0:
        return 1.0
    unit = float(base) ** math.floor(math.log(amount, base) + 1e-9)
    steps = (1, 2, 4, 6, 8, 10) if base == 10 else tuple(2**power for power in range(11))
    return next((unit * step for step in steps if unit * step >= amount), unit * base)
