"""Routes: the curves of the links, in the space between the rows and straight through them."""

from __future__ import annotations

from collections.abc import Sequence

from functoria.picture.layered.model import Item, Link, Point
from functoria.picture.layered.stations import Stations

_APART = 14.0
_EDGE = 16.0


def routes(
    items: Sequence[Item],
    links: Sequence[Link],
    stations: Stations,
    middles: Sequence[float],
    tops: Sequence[float],
    bottoms: Sequence[float],
) -> tuple[tuple[Point, ...], ...]:
    """`routes(...)` is the curve of each link; row `r` reaches from `tops[r]` to `bottoms[r]`.

    A curve only bends between two rows, so it crosses no item.
    """
    starts = _starts(items, links, stations, middles)
    found: list[tuple[Point, ...]] = []
    for link, way, x in zip(links, stations.ways, starts, strict=True):
        row = stations.rows[link.source]
        points: list[Point] = [(x, tops[row] + items[link.source].height)]
        _straight(points, bottoms[row])
        for number in way:
            row = stations.rows[number]
            _bend(points, middles[number], tops[row])
            if not stations.is_item(number):
                _straight(points, bottoms[row])
        found.append(tuple(points))
    return tuple(found)


def _starts(
    items: Sequence[Item], links: Sequence[Link], stations: Stations, middles: Sequence[float]
) -> list[float]:
    """Where each link leaves its source: at its port, or in the order of where it goes."""
    found = [0.0] * len(links)
    loose: dict[int, dict[tuple[int, int], list[int]]] = {}
    for number, (link, way) in enumerate(zip(links, stations.ways, strict=True)):
        left = middles[link.source] - items[link.source].width / 2
        if link.port is None:
            loose.setdefault(link.source, {}).setdefault((way[0], link.style), []).append(number)
        else:
            found[number] = left + link.port
    for source, groups in loose.items():
        ends = sorted(groups, key=lambda end: (middles[end[0]], end))
        free = items[source].width - 2 * _EDGE
        apart = min(_APART, free / max(1, len(ends) - 1))
        first = middles[source] - apart * (len(ends) - 1) / 2
        for index, end in enumerate(ends):
            for number in groups[end]:
                found[number] = first + apart * index
    return found


def _straight(points: list[Point], y: float) -> None:
    """Go straight down to `y`."""
    x, start = points[-1]
    if y > start:
        points += [(x, start + (y - start) / 3), (x, y - (y - start) / 3), (x, y)]


def _bend(points: list[Point], x: float, y: float) -> None:
    """Go down to `(x, y)`, leaving and arriving straight down."""
    left, top = points[-1]
    middle = (top + y) / 2
    points += [(left, middle), (x, middle), (x, y)]
