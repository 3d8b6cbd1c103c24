"""Where in the user's configuration something was written, and in which order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from functoria.error import Position

__all__ = ["Position", "from_here", "here", "next_serial", "shown_path"]

evaluated_file: ContextVar[str | None] = ContextVar("evaluated_file", default=None)
serials: ContextVar[Iterator[int] | None] = ContextVar("serials", default=None)


def here() -> Position | None:
    """`here()` is the line of the configuration file that is being evaluated right now.

    It is the innermost frame of that file, so that a helper function of the user's is named
    where it builds a device. Outside of an evaluation it is `None`: there is no file to name.
    """
    file = evaluated_file.get()
    if file is None:
        return None
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != file:
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return Position(shown_path(file), frame.f_lineno)


def next_serial() -> int:
    """`next_serial()` counts from 1 what one evaluation creates; outside of any it is 0."""
    numbers = serials.get()
    return 0 if numbers is None else next(numbers)


def shown_path(file: str) -> str:
    """`shown_path(file)` is how positions name the configuration `file`: by its name alone.

    Positions are part of what is generated, which must not depend on where the project lies.
    """
    return Path(file).name


def from_here(path: Path) -> str:
    """`from_here(path)` is how a message names a file: from the working directory, if in it."""
    working = Path.cwd()
    return str(path.relative_to(working) if path.is_relative_to(working) else path)
