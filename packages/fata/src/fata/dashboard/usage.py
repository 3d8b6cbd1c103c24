"""What guests use, as rates: from counters that begin anew with each guest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from fata.deploy.records.samples import Sample

_SHORTEST, _LONGEST = 0.5, 60.0
"""Seconds between two samples: closer ones tell no rate, and further ones not when it was so."""


class Quantity(Enum):
    """What a line of a chart shows."""

    CPU = "cpu"
    MEMORY = "memory"
    RECEIVED = "received"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Span:
    """`Span(start, end, value)` is what was so between two times: a rate, or an amount held."""

    start: float
    end: float
    value: float


def spans(samples: Sequence[Sample], quantity: Quantity) -> Iterator[Span]:
    """`spans(samples, quantity)` is the quantity between each two samples where it is known.

    It is per second, but for memory. A counter that is less than before, or another generation's,
    has begun anew: what was counted since then is not known to have begun with the span, so there
    is none.
    """
    for before, after in pairwise(samples):
        seconds = after.at - before.at
        if not _SHORTEST <= seconds <= _LONGEST or before.generation != after.generation:
            continue
        if after.cpu < before.cpu:
            continue  # the guest was started again, and all its counters with it
        if quantity is Quantity.MEMORY:
            yield Span(before.at, after.at, float(after.memory))
            continue
        old, new = _counter(before, quantity), _counter(after, quantity)
        if old is not None and new is not None and new >= old:
            yield Span(before.at, after.at, (new - old) / seconds)


def means(found: Sequence[Span], start: float, end: float, count: int) -> tuple[float | None, ...]:
    """`means(spans, start, end, count)` is the mean in each of `count` equal parts of that time.

    Spans count by how much of them lies in a part; a part in which nothing is known is `None`.
    """
    width = (end - start) / count
    amounts, known = [0.0] * count, [0.0] * count
    for span in found:
        first = max(0, math.floor((span.start - start) / width))
        last = min(count - 1, math.floor((span.end - start) / width))
        for part in range(first, last + 1):
            begin = start + part * width
            shared = min(span.end, begin + width) - max(span.start, begin)
            if shared > 0:
                amounts[part] += span.value * shared
                known[part] += shared
    return tuple(
        amount / seconds if seconds > 0 else None
        for amount, seconds in zip(amounts, known, strict=True)
    )


def _counter(sample: Sample, quantity: Quantity) -> float | None:
    match quantity:
        case Quantity.CPU:
            return sample.cpu
        case Quantity.RECEIVED:
            return sample.received
        case _:
            return sample.sent
