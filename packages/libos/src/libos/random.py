"""The kernel's random number generator."""

from __future__ import annotations

import os


class SystemRandom:
    """A `Random` that draws from getrandom(2), which waits until the kernel is seeded."""

    def generate(self, count: int) -> bytes:
        """The next `count` bytes."""
        return os.urandom(count)
