"""Crossings: the order of the stations in each row, so that few lines cross.

Barycentre sweeps (Sugiyama, Tagawa and Toda, 1981), down and up, keeping the best order seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from functoria.picture.layered.stations import Segment, Stations

BUDGET = 300_000
"""How many segments the sweeps look at, all together."""

_SWEEPS = 24


def sweeps(segments: int) -> int:
    """`sweeps(n)` is how often `n` segments are gone through: often if few, never if too many."""
    return min(_SWEEPS, BUDGET // max(1, segments))


def order(stations: Stations) -> list[list[int]]:
    """`order(stations)` is the stations of each row from left to right."""
    rows = _first(stations)
    above: list[list[Segment]] = [[] for _ in stations.rows]
    below: list[list[Segment]] = [[] for _ in stations.rows]
    for segment in stations.segments:
        below[segment.source].append(segment)
        above[segment.target].append(segment)
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(sweeps(len(stations.segments))):
        if fewest == 0:
            break
        rows = _swept(rows, stations, above if sweep % 2 == 0 else below, down=sweep % 2 == 0)
        crossed = _crossings(rows, below)
        if crossed < fewest:
            best, fewest = rows, crossed
    return best


def _first(stations: Stations) -> list[list[int]]:
    """The rows as a walk from the top meets the stations, in the order of the links."""
    below: list[list[int]] = [[] for _ in stations.rows]
    for segment in stations.segments:
        below[segment.source].append(segment.target)
    rows: list[list[int]] = [[] for _ in range(stations.height)]
    seen = [False] * len(stations.rows)
    for start in range(stations.items):
        stack = [start]
        while stack:
            number = stack.pop()
            if not seen[number]:
                seen[number] = True
                rows[stations.rows[number]].append(number)
                stack += reversed(below[number])
    return rows


def _swept(
    rows: Sequence[Sequence[int]],
    stations: Stations,
    beside: Sequence[Sequence[Segment]],
    *,
    down: bool,
) -> list[list[int]]:
    """The rows, each sorted by the mean place of what its stations are joined to."""
    place = [0.0] * len(stations.rows)
    found: list[list[int]] = [list(row) for row in rows]
    for index in range(len(rows)) if down else reversed(range(len(rows))):
        for at, number in enumerate(found[index]):
            segments = beside[number]
            if segments:
                total = sum(_end(segment, stations, place, down=down) for segment in segments)
                place[number] = total / len(segments)
            else:
                place[number] = float(at)
        found[index].sort(key=place.__getitem__)
        for at, number in enumerate(found[index]):
            place[number] = float(at)
    return found


def _end(segment: Segment, stations: Stations, place: Sequence[float], *, down: bool) -> float:
    """Where the other end of a segment is: a station's number in its row, and the port's part."""
    if not down:
        return place[segment.target] - segment.port / stations.widths[segment.source]
    return place[segment.source] + segment.port / stations.widths[segment.source]


def _crossings(rows: Iterable[Sequence[int]], below: Sequence[Sequence[Segment]]) -> int:
    """How many pairs of segments cross: inversions, counted with a Fenwick tree for each row."""
    total = 0
    for upper, lower in pairwise(rows):
        place = {number: at for at, number in enumerate(lower)}
        ends: list[int] = []
        for number in upper:
            ports = sorted((segment.port, place[segment.target]) for segment in below[number])
            ends += [end for _, end in ports]
        total += _inversions(ends, len(lower))
    return total


def _inversions(numbers: Sequence[int], limit: int) -> int:
    tree = [0] * (limit + 1)
    total = 0
    for seen, number in enumerate(numbers):
        index, smaller = number + 1, 0
        while index > 0:
            smaller += tree[index]
            index -= index & -index
        total += seen - smaller
        index = number + 1
        while index <= limit:
            tree[index] += 1
            index += index & -index
    return total
