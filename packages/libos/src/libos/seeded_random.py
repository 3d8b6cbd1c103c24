"""Bytes that look random and follow from a seed: for tests that must go the same way twice."""

from __future__ import annotations

import logging
from hashlib import sha256


class SeededRandom:
    """`SeededRandom(seed)` is a `Random` that gives the same bytes to every run. Not for keys!

    Whoever knows the seed, a number or text, knows all that will ever come. The bytes are
    SHA-256 over the seed's digest and a counter, and how they are cut into draws does not matter.
    """

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self._key = sha256(str(seed).encode()).digest()
        self._count = 0
        self._left = b""

    async def start(self) -> None:
        """Say on the console that nothing drawn here is secret."""
        logging.getLogger("random").warning(
            "random bytes follow from the seed %r: keys made of them are no secret", self._seed
        )

    def generate(self, count: int) -> bytes:
        """The next `count` bytes."""
        if count < 0:
            raise ValueError(f"cannot draw {count} bytes")
        blocks = [self._left]
        have = len(self._left)
        while have < count:
            blocks.append(sha256(self._key + self._count.to_bytes(8, "big")).digest())
            self._count += 1
            have += 32
        drawn = b"".join(blocks)
        self._left = drawn[count:]
        return drawn[:count]
