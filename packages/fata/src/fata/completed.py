"""How a command ended, wherever it ran."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completed:
    """`Completed(code, out, err)` is the exit code of a command, and what it said."""

    code: int
    out: bytes
    err: bytes
