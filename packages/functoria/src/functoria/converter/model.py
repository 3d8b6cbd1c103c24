"""What a converter is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Converter(Generic[T]):
    """`Converter(name, parse, show, check)` reads and writes values of one type.

    `parse(text)` raises `ValueError` whose message is a sentence such as "`x` is not a number".
    `show(value)` is text that `parse` reads back as the same value. `check(value)` is whether a
    default written in Python is of the type. `choices`, if any, are all the texts there are.

    A converter of the boot stage is known to the running program by its name, or, if it is the
    configuration's own, by `reference`: the `module:function` that reads the text there.
    """

    name: str
    parse: Callable[[str], T]
    show: Callable[[T], str]
    check: Callable[[object], bool]
    choices: tuple[str, ...] = ()
    reference: str | None = None

    def __str__(self) -> str:
        if self.choices:
            return "|".join(self.choices)
        element = self.name.removeprefix("list of ").upper()
        return f"{element},..." if self.name.startswith("list of ") else element
