"""What is laid out, and where it came to lie. Lengths are in pixels, y grows downwards."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Item:
    """A rectangle to find a place for."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """A line between two items, by their numbers.

    It starts `port` pixels from the left of its source's lower side, or where there is room if
    that is `None`. Links to one target that have the same `style` run together where they can.
    """

    source: int
    target: int
    style: int = 0
    port: float | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where everything lies.

    `corners` are the upper left corners of the items. A route is a start and then, three by
    three, the two control points and the end of cubic Bezier curves.
    """

    width: float
    height: float
    corners: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]


class TooCrowdedError(ValueError):
    """There is too much for a picture: what is laid out would take more stations than allowed."""
