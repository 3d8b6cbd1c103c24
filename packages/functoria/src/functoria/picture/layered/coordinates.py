"""Coordinates: where each station stands in its row.

Every station wants to stand at the mean of what it is joined to. A row gives each the place
nearest to that which keeps the order and the distances, by pooling adjacent violators, which is
exact and takes time in proportion to the row (Ayer and others, 1955).
"""

from __future__ import annotations

from collections.abc import Sequence

from functoria.picture.layered.stations import Stations

BUDGET = 600_000
"""How many segments the rounds look at, all together."""

_ROUNDS = 60
_STRAIGHT = 8.0


def rounds(segments: int) -> int:
    """`rounds(n)` is how often the rows of `n` segments are placed, at least twice."""
    return max(2, min(_ROUNDS, BUDGET // max(1, segments)))


def middles(stations: Stations, rows: Sequence[Sequence[int]], margin: float) -> list[float]:
    """`middles(stations, rows, margin)` is the x of each station's middle, from 0 to the right."""
    pulls = _pulls(stations)
    gaps = [_distances(row, stations, margin) for row in rows]
    found = [0.0] * len(stations.rows)
    for row, distances in zip(rows, gaps, strict=True):
        for number, distance in zip(row, distances, strict=True):
            found[number] = distance
    for turn in range(rounds(len(stations.segments))):
        down = turn % 2 == 0
        for index in range(len(rows)) if down else reversed(range(len(rows))):
            _place(rows[index], gaps[index], pulls, found)
    left = min((x - stations.widths[n] / 2 for n, x in enumerate(found)), default=0.0)
    return [x - left for x in found]


def _pulls(stations: Stations) -> list[list[tuple[int, float, float]]]:
    """What each station is drawn to: another station, how far beside it, and how strongly."""
    found: list[list[tuple[int, float, float]]] = [[] for _ in stations.rows]
    for segment in stations.segments:
        ends = stations.is_item(segment.source) + stations.is_item(segment.target)
        weight = (_STRAIGHT, 2.0, 1.0)[ends]
        found[segment.source].append((segment.target, -segment.port, weight))
        found[segment.target].append((segment.source, segment.port, weight))
    return found


def _distances(row: Sequence[int], stations: Stations, margin: float) -> list[float]:
    """The least distance of each station's middle from that of the row's first."""
    found: list[float] = []
    total = 0.0
    for index, number in enumerate(row):
        if index:
            before = row[index - 1]
            both = stations.is_item(number) and stations.is_item(before)
            space = margin if both else margin / 2
            total += (stations.widths[before] + stations.widths[number]) / 2 + space
        found.append(total)
    return found


def _place(
    row: Sequence[int],
    distances: Sequence[float],
    pulls: Sequence[Sequence[tuple[int, float, float]]],
    found: list[float],
) -> None:
    """Put a row where its stations are drawn to, as far as their distances allow."""
    pools: list[tuple[float, float, int]] = []
    for number, distance in zip(row, distances, strict=True):
        weight = sum(pull for _, _, pull in pulls[number]) or 0.01
        wanted = found[number]
        if pulls[number]:
            wanted = sum((found[n] + beside) * pull for n, beside, pull in pulls[number]) / weight
        pool = (wanted - distance, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            pool = _pooled(pools.pop(), pool)
        pools.append(pool)
    index = 0
    for middle, _, count in pools:
        for number, distance in zip(
            row[index : index + count], distances[index : index + count], strict=True
        ):
            found[number] = middle + distance
        index += count


def _pooled(a: tuple[float, float, int], b: tuple[float, float, int]) -> tuple[float, float, int]:
    weight = a[1] + b[1]
    return ((a[0] * a[1] + b[0] * b[1]) / weight, weight, a[2] + b[2])
