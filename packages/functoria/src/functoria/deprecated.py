"""Names on their way out: they work, and say at the user's line what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from functoria.error import Position
from functoria.position import here

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Warned:
    """`Warned(name, ...)` is the use of a deprecated name in a configuration.

    `instead` is what to write, and `removed_in` the release that no longer has the name.
    """

    name: str
    instead: str
    removed_in: str
    position: Position | None

    def __str__(self) -> str:
        place = f" (at {self.position})" if self.position else ""
        return (
            f"`{self.name}` is deprecated and goes away in {self.removed_in}: "
            f"write `{self.instead}`{place}"
        )


warnings: ContextVar[list[Warned] | None] = ContextVar("warnings", default=None)


def warn(name: str, *, instead: str, removed_in: str) -> None:
    """Note that the configuration uses `name`; each name is noted once, at its first line."""
    noted = warnings.get()
    if noted is not None and all(warning.name != name for warning in noted):
        noted.append(Warned(name, instead, removed_in, here()))


def deprecated(
    *, instead: str, removed_in: str
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """`@deprecated(instead="...", removed_in="0.4")` marks a function of a tool's DSL."""

    def mark(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(function)
        def marked(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Result:
            warn(function.__name__, instead=instead, removed_in=removed_in)
            return function(*arguments, **keywords)

        return marked

    return mark
