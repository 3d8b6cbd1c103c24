"""Randomness, as a program draws it."""

from __future__ import annotations

from typing import Protocol


class Random(Protocol):
    """A source of bytes that nobody can foretell."""

    def generate(self, count: int) -> bytes:
        """`generate(n)` is the next `n` bytes, fit for keys. Raises `ValueError` below 0."""
        ...
