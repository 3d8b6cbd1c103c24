"""A disk whose machine can end at any moment."""

from __future__ import annotations

import random

UNIT = 512
"""What the medium writes wholly or not at all, in bytes."""


class Crash(BaseException):
    """The machine has ended. No program catches this."""


class FaultyBlock:
    """A `Block` that remembers what has been written and not flushed.

    After `life` writes and flushes it ends with `Crash`, in the middle of the last. `survived`
    is then what the next machine may find: of each unit whatever was flushed, or anything that
    was written since, chosen by `random`.
    """

    def __init__(self, content: bytes, *, sector_size: int = UNIT, life: int | None = None) -> None:
        self.sector_size = sector_size
        self.sectors = len(content) // sector_size
        self.read_only = False
        self.calls = 0
        self._life = life
        self._flushed = content
        self._seen = bytearray(content)
        self._versions: dict[int, list[bytes]] = {}

    async def read(self, sector: int, count: int = 1) -> bytes:
        assert 0 <= sector <= sector + count <= self.sectors
        return bytes(self._seen[sector * self.sector_size : (sector + count) * self.sector_size])

    async def write(self, sector: int, data: bytes) -> None:
        assert isinstance(data, bytes)
        assert len(data) % self.sector_size == 0
        assert 0 <= sector <= sector + len(data) // self.sector_size <= self.sectors
        first = sector * self.sector_size
        self._seen[first : first + len(data)] = data
        for at in range(0, len(data), UNIT):
            unit = (first + at) // UNIT
            self._versions.setdefault(unit, []).append(data[at : at + UNIT])
        self._count()

    async def flush(self) -> None:
        self._count()
        self._flushed = bytes(self._seen)
        self._versions.clear()

    def _count(self) -> None:
        self.calls += 1
        if self._life is not None and self.calls > self._life:
            raise Crash

    def restarted(self, life: int | None) -> None:
        """Only the program has ended, the machine goes on: what was written is still there."""
        self.calls, self._life = 0, life

    def survived(self, choice: random.Random, chance: float) -> bytes:
        """What is on the medium, if each unit is written with the probability `chance`."""
        content = bytearray(self._flushed)
        for unit, versions in self._versions.items():
            if choice.random() < chance:
                content[unit * UNIT : (unit + 1) * UNIT] = choice.choice(versions)
        return bytes(content)
