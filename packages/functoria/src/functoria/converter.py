"""Converters: between the text of an option and its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Converter(Generic[T]):
    """`Converter(name, parse, show)` reads and writes values of one type.

    `parse(text)` raises `ValueError` whose message completes the sentence "... is not ...".
    `show(value)` is text that `parse` reads back as the same value. `check(value)` is whether a
    default written in Python is of the type. `choices`, if any, are all the texts there are.
    """

    name: str
    parse: Callable[[str], T]
    show: Callable[[T], str]
    check: Callable[[object], bool]
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "|".join(self.choices) if self.choices else self.name.upper()


def _integer(text: str) -> int:
    try:
        return int(text, 10)
    except ValueError:
        raise ValueError(f"`{text}` is not a whole number") from None


def _boolean(text: str) -> bool:
    match text.lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
    raise ValueError(f"`{text}` is not `true` or `false`")


def _port(text: str) -> int:
    number = _integer(text)
    if not _is_port(number):
        raise ValueError(f"`{text}` is not a port from 1 to 65535")
    return number


def _is_port(value: object) -> bool:
    return _is_integer(value) and isinstance(value, int) and 0 < value < 65536


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _show_boolean(value: bool) -> str:
    return "true" if value else "false"


INTEGER = Converter("int", _integer, str, _is_integer)
BOOLEAN = Converter("bool", _boolean, _show_boolean, lambda value: isinstance(value, bool))
STRING = Converter("str", str, str, _is_text)
PORT = Converter("port", _port, str, _is_port)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)


def _is_words(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(word, str) and word == word.strip() and word and "," not in word
        for word in value
    )


WORDS = Converter("words", _words, ",".join, _is_words)
"""Words separated by commas, as a tuple."""


def choice(*names: str) -> Converter[str]:
    """`choice("a", "b")` reads one of the given words."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(f"`{text}` is not one of {', '.join(f'`{name}`' for name in names)}")
        return text

    return Converter("choice", parse, str, lambda value: value in names, choices=names)
