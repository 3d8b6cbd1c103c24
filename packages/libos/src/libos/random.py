"""The kernel's random number generator."""

from __future__ import annotations

import os


class SystemRandom:
    """A `Random` that draws from getrandom(2), which waits until the kernel is seeded."""

    def generate(self, count: int) -> bytes:
        """`count` random bytes."""
        return os.getrandom(count) if count <= 256 else os.urandom(count)
