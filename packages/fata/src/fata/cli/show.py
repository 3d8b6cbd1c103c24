"""Amounts, as people read them."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """`count(1, "file")` is `1 file`, and `count(2, "file")` is `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def size(count: int) -> str:
    """`size(n)` is a number of bytes for people: three figures and a unit of 1000."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.95 else f"{amount:.1f} {unit}"
