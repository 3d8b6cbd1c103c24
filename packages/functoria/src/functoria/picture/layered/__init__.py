"""A layered drawing of a graph without circles: Sugiyama's way, in time bounded by its size.

Rows (`ranking`), the points where lines pass through them (`stations`), their order (`crossings`),
their places (`coordinates`) and the curves (`routing`), one after another. The same input gives
the same output, to the last digit, on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from functoria.picture.layered.coordinates import middles
from functoria.picture.layered.crossings import order
from functoria.picture.layered.model import Item, Link, Placement, Point, TooCrowdedError
from functoria.picture.layered.ranking import ranks, room
from functoria.picture.layered.routing import routes
from functoria.picture.layered.stations import Stations, stations_of

__all__ = ["MOST_STATIONS", "Item", "Link", "Placement", "Point", "TooCrowdedError", "lay_out"]

MOST_STATIONS = 20_000
"""Items and points together: more take too long, and show nobody anything."""

_MARGIN = 28.0
_GAP = 46.0
_WIDEST_GAP = 150.0


def lay_out(
    items: Sequence[Item], links: Sequence[Link], *, most: int = MOST_STATIONS
) -> Placement:
    """`lay_out(items, links)` is a place for every item and a curve for every link.

    Sources stand above their targets. Raises `TooCrowdedError` where more than `most` stations
    would be needed, and `ValueError` if the links run in a circle.
    """
    limit = room(items, _MARGIN)
    rows = ranks(items, links, limit, _MARGIN)
    made = stations_of(items, links, rows, most)
    ordered = order(made)
    xs = [round(x) * 1.0 for x in middles(made, ordered, _MARGIN)]
    tops, bottoms = _heights(items, made, xs)
    curves = routes(items, links, made, xs, tops, bottoms)
    corners = tuple(
        (xs[number] - item.width / 2, tops[rows[number]]) for number, item in enumerate(items)
    )
    width = max((xs[n] + wide / 2 for n, wide in enumerate(made.widths)), default=0.0)
    return Placement(width, bottoms[-1] if bottoms else 0.0, corners, curves)


def _heights(
    items: Sequence[Item], made: Stations, xs: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Where each row begins and ends; lines that go far to the side get more height to do so."""
    high = [0.0] * made.height
    for number, item in enumerate(items):
        high[made.rows[number]] = max(high[made.rows[number]], item.height)
    far = [0.0] * made.height
    for segment in made.segments:
        row = made.rows[segment.source]
        distance = abs(xs[segment.source] + segment.port - xs[segment.target])
        far[row] = max(far[row], distance)
    tops: list[float] = []
    bottoms: list[float] = []
    y = 0.0
    for row in range(made.height):
        tops.append(y)
        bottoms.append(y + high[row])
        y = bottoms[-1] + round(min(_WIDEST_GAP, _GAP + far[row] / 6))
    return tops, bottoms
