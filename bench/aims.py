"""What the figures of `tiny` are wanted to be."""

from __future__ import annotations

from collections.abc import Sequence

from results import Aim, Start

HTTP = 0.5
SIZE = 1 / 3
MEMORY = 64


def aims(starts: Sequence[Start]) -> tuple[Aim, ...]:
    """`aims(starts)` is each aim with what was found; none where `tiny` was not started."""
    found: list[Aim] = []
    for start in starts:
        if start.name != "tiny" or start.ratios is None:
            continue
        found += (
            _aim("time to HTTP 200, of the baseline's", HTTP, start.ratios.http),
            _aim("bytes, of the baseline's", SIZE, start.ratios.size),
        )
        if start.memory is not None:
            found.append(_aim("MiB of memory needed", MEMORY, start.memory))
    return tuple(found)


def _aim(name: str, wanted: float, found: float) -> Aim:
    return Aim(name, round(wanted, 3), found, found <= wanted)
