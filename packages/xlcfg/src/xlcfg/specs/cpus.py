"""Sets of processors: CPULIST in xl.cfg(5)."""

from __future__ import annotations

from dataclasses import dataclass

from xlcfg.cnumber import LONG_MAX, leading
from xlcfg.rules import NO_CPU, SPEC_RANGE
from xlcfg.specs.flaw import Flaw, refuse

MAX_CPUS = 4096
"""More processors than any host has."""


@dataclass(frozen=True, slots=True)
class Part:
    """`Part(low, high, node, without)` adds or removes a range of processors or nodes.

    `all` is the part without bounds.
    """

    low: int | None
    high: int | None
    node: bool = False
    without: bool = False


def read(text: str) -> tuple[Part, ...]:
    """The parts of a set, in order: each adds to or takes from those before it."""
    parts, found = _scan(text)
    refuse(found, "a list of CPUs")
    return parts


def flaws(text: str) -> list[Flaw]:
    """What is wrong with a set of processors as it is written."""
    return _scan(text)[1]


def cpus(parts: tuple[Part, ...], host: int) -> frozenset[int]:
    """The processors of a set on a host that has `host` of them and one node."""
    chosen = _mask(parts, host)
    return frozenset(cpu for cpu in range(host) if chosen >> cpu & 1)


def _mask(parts: tuple[Part, ...], host: int) -> int:
    """The processors of a set as the bits of a number."""
    chosen = 0
    for part in parts:
        low = 0 if part.low is None or part.node else part.low
        high = host - 1 if part.high is None or part.node else min(part.high, host - 1)
        these = (1 << high + 1) - (1 << low) if low <= high else 0
        chosen = chosen & ~these if part.without else chosen | these
    return chosen


def _scan(text: str) -> tuple[tuple[Part, ...], list[Flaw]]:
    parts: list[Part] = []
    found: list[Flaw] = []
    start = 0
    for word in text.split(","):
        if word:
            part = _part(word, start)
            if isinstance(part, Flaw):
                found.append(part)
                break
            parts.append(part)
            if (part.high or 0) >= MAX_CPUS:
                what = f"`{word}` names more CPUs than a host has"
                found.append(Flaw(what, f"write numbers below {MAX_CPUS}", start, SPEC_RANGE))
        start += len(word) + 1
    if not found and not any(part.node for part in parts) and not _mask(tuple(parts), MAX_CPUS):
        found.append(Flaw(f"`{text}` leaves no CPU", "write `all` or name some", 0, NO_CPU))
    return tuple(parts), found


def _part(word: str, start: int) -> Part | Flaw:
    rest = word.removeprefix("^")
    without = rest != word
    bare = rest.removeprefix("nodes:") if rest.startswith("nodes:") else rest.removeprefix("node:")
    node = bare != rest
    if bare == "all":
        if without:
            return Flaw("`^` cannot stand before `all`", "leave the list empty", start)
        return Part(None, None)
    bounds = span(bare)
    if bounds is None:
        do = "write `all`, numbers, ranges such as `0-3`, `node:1`, each after `^` or not"
        return Flaw(f"`{word}` is no list of CPUs", do, start)
    return Part(*bounds, node, without)


def span(text: str) -> tuple[int, int] | None:
    """The bounds of a range such as `3` or `0-3`, or None where a text is none."""
    first = leading(text, 10)
    if first is None:
        return None
    low, place = first
    high = low
    if text[place : place + 1] == "-":
        second = leading(text[place + 1 :], 10)
        if second is None:
            return None
        high, place = second[0], place + 1 + second[1]
    if place != len(text) or not 0 <= low <= high <= LONG_MAX:
        return None
    return low, high
