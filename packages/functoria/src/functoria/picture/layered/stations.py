"""Stations: what stands in the rows, the items and the points where lines pass through a row.

Links to one target in one style share their stations, like tributaries of a river: a device that
everybody uses is reached by one line through the picture, not by a hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from functoria.picture.layered.model import Item, Link, TooCrowdedError

PASSING = 10.0
"""The width in pixels that is kept free for a line that passes through a row."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a line, from a station to one in the next row.

    `port` is where it starts, in pixels from the middle of its source.
    """

    source: int
    target: int
    port: float = 0.0


@dataclass(slots=True)
class Stations:
    """The stations by number, the items first; `ways` are the stations along each link."""

    widths: list[float]
    rows: list[int]
    items: int
    segments: list[Segment] = field(default_factory=list)
    ways: list[tuple[int, ...]] = field(default_factory=list)

    def is_item(self, number: int) -> bool:
        """Whether the station is an item, rather than a point that a line passes."""
        return number < self.items

    @property
    def height(self) -> int:
        """The number of rows."""
        return max(self.rows, default=-1) + 1


def stations_of(
    items: Sequence[Item], links: Sequence[Link], rows: Sequence[int], most: int
) -> Stations:
    """`stations_of(items, links, rows, most)` is all stations and what joins them.

    Raises `TooCrowdedError` before anything is made if there would be more than `most` stations,
    or more than ten times as many on all the ways together.
    """
    tops: dict[tuple[int, int], int] = {}
    steps = 0
    for link in links:
        river = (link.target, link.style)
        tops[river] = min(tops.get(river, rows[link.target]), rows[link.source] + 1)
        steps += rows[link.target] - rows[link.source]
    count = len(items) + sum(rows[target] - top for (target, _), top in tops.items())
    if count > most or steps > 10 * most:
        raise TooCrowdedError(f"{count} stations where {most} are allowed")
    found = Stations([item.width for item in items], list(rows), len(items))
    rivers = {river: _river(found, river[0], top) for river, top in tops.items()}
    joined: set[tuple[int, int, float | None]] = set()
    for link in links:
        river = (link.target, link.style)
        way = rivers[river][rows[link.source] + 1 - tops[river] :]
        found.ways.append(way)
        if (link.source, way[0], link.port) not in joined:
            joined.add((link.source, way[0], link.port))
            middle = items[link.source].width / 2
            port = 0.0 if link.port is None else link.port - middle
            found.segments.append(Segment(link.source, way[0], port))
    return found


def _river(found: Stations, target: int, top: int) -> tuple[int, ...]:
    """The stations of a river from the row `top` down to its target, which is its last."""
    start = len(found.rows)
    length = found.rows[target] - top
    found.rows += range(top, top + length)
    found.widths += [PASSING] * length
    way = (*range(start, start + length), target)
    found.segments += [Segment(way[index], way[index + 1]) for index in range(length)]
    return way
