"""What a command of a build may take."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """`Limits(seconds, memory, disk, processes)` is what one command may take.

    `memory` and `disk` are in MiB; `disk` is for the directory of the app, cache and all.
    """

    seconds: float = 1800
    memory: int = 2048
    disk: int = 4096
    processes: int = 512
