"""Ranks: the row that each item stands in, below everything that leads to it."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from math import sqrt

from functoria.picture.layered.model import Item, Link

_ASPECT = 2.0
_LEAST = 900.0


def room(items: Sequence[Item], margin: float) -> float:
    """`room(items, margin)` is the width of a row that makes the whole a little wider than high."""
    area = sum((item.width + margin) * (item.height + 2 * margin) for item in items)
    return max(_LEAST, sqrt(area * _ASPECT))


def ranks(items: Sequence[Item], links: Sequence[Link], limit: float, margin: float) -> list[int]:
    """`ranks(items, links, limit, margin)` is the number of each item's row, from 0.

    An item stands as high as it can below what leads to it; where a row is wider than `limit`,
    those with the least below them go further down. Time is that of sorting the items.
    Raises `ValueError` if the links run in a circle.
    """
    below: list[list[int]] = [[] for _ in items]
    waiting = [0] * len(items)
    for link in links:
        below[link.source].append(link.target)
        waiting[link.target] += 1
    depth = _depths(below, list(waiting))
    found = [0] * len(items)
    ready = [(-depth[number], number) for number, count in enumerate(waiting) if count == 0]
    heapify(ready)
    row, used = 0, 0.0
    released: list[int] = []
    while ready or released:
        if not ready or (used and used + items[ready[0][1]].width > limit):
            for number in released:
                heappush(ready, (-depth[number], number))
            row, used, released = row + 1, 0.0, []
        _, number = heappop(ready)
        found[number] = row
        used += items[number].width + margin
        for target in below[number]:
            waiting[target] -= 1
            if waiting[target] == 0:
                released.append(target)
    return found


def _depths(below: Sequence[Sequence[int]], waiting: list[int]) -> list[int]:
    """How many links the longest way down from each item has."""
    order = [number for number, count in enumerate(waiting) if count == 0]
    for number in order:
        for target in below[number]:
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    if len(order) != len(below):
        raise ValueError("the links run in a circle")
    depth = [0] * len(below)
    for number in reversed(order):
        depth[number] = max((depth[target] + 1 for target in below[number]), default=0)
    return depth
