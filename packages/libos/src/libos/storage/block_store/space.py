"""Which sectors of a device are free."""

from __future__ import annotations

from bisect import bisect_left

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable

RUN_SECTORS = 128
"""No run that is given out is longer, so that a part of a value is read in bounded pieces."""

_LOOKED_AT = 32


class Space:
    """`Space(first, end)` is the free sectors from `first` up to `end`, all of them at first.

    Runs are pairs of the first sector and the number of sectors.
    """

    __slots__ = ("_counts", "_next", "_starts", "free")

    def __init__(self, first: int, end: int) -> None:
        self._starts = [first] if end > first else []
        self._counts = {first: end - first} if end > first else {}
        self._next = 0
        self.free = max(end - first, 0)
        """`free` is how many sectors are free."""

    @classmethod
    def without(cls, first: int, end: int, used: Iterable[tuple[int, int]]) -> Space:
        """`Space.without(first, end, used)` is the sectors that lie in none of the runs `used`.

        Raises `ValueError` if two of them overlap or one lies outside.
        """
        space = cls(first, first)
        for start, count in sorted(used):
            if start < first or count <= 0 or start + count > end:
                raise ValueError(f"sectors {start} to {start + count - 1} are used twice or amiss")
            if start > first:
                space.give((first, start - first))
            first = start + count
        if end > first:
            space.give((first, end - first))
        return space

    def take(self, count: int) -> list[tuple[int, int]]:
        """`take(count)` is runs of `count` sectors together, which are no longer free.

        They are long where there are long ones near, and none is over `RUN_SECTORS`. There must
        be as many.
        """
        runs = []
        while count > 0:
            runs.append(self.take_run(count))
            count -= runs[-1][1]
        return runs

    def take_run(self, wanted: int) -> tuple[int, int]:
        """`take_run(wanted)` is one run of at most `wanted` sectors, no longer free."""
        wanted = min(wanted, RUN_SECTORS)
        start = self._find(wanted)
        size = min(wanted, self._counts[start])
        self._shorten(start, size)
        self.free -= size
        return start, size

    def give(self, run: tuple[int, int]) -> None:
        """The sectors of `run` are free from now on."""
        start, count = run
        self.free += count
        place = bisect_left(self._starts, start)
        if place < len(self._starts) and self._starts[place] == start + count:
            count += self._counts.pop(self._starts.pop(place))
        if place and self._starts[place - 1] + self._counts[self._starts[place - 1]] == start:
            self._counts[self._starts[place - 1]] += count
        else:
            self._starts.insert(place, start)
            self._counts[start] = count

    def _find(self, wanted: int) -> int:
        """Where a run begins, of `wanted` sectors if one is near, or else the longest seen."""
        place = bisect_left(self._starts, self._next)
        best = -1
        for step in range(min(_LOOKED_AT, len(self._starts))):
            start = self._starts[(place + step) % len(self._starts)]
            if self._counts[start] >= wanted:
                return start
            if best < 0 or self._counts[start] > self._counts[best]:
                best = start
        return best

    def _shorten(self, start: int, size: int) -> None:
        left = self._counts.pop(start) - size
        place = bisect_left(self._starts, start)
        self._next = start + size
        if left:
            self._starts[place] = start + size
            self._counts[start + size] = left
        else:
            del self._starts[place]
