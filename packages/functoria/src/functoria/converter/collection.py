"""One of several, and several of one."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from functoria.converter.model import Converter
from functoria.converter.plain import STRING, is_text
from functoria.error import UserError
from functoria.position import here

T = TypeVar("T")
Member = TypeVar("Member", bound=Enum)


def choice(*names: str) -> Converter[str]:
    """`choice("a", "b")` reads one of the given words."""
    _check_words("choice", names)

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(f"`{text}` is not one of {', '.join(f'`{name}`' for name in names)}")
        return text

    return Converter("choice", parse, str, lambda value: value in names, choices=names)


def enum(members: type[Member]) -> Converter[Member]:
    """`enum(Colour)` reads a member of the enumeration by its name, in lower case with `-`.

    The program is given the name as text: classes of the configuration are not part of it.
    """
    by_name = {member_name(member): member for member in members}
    names = {member: name for name, member in by_name.items()}
    words = choice(*by_name)
    return Converter(
        "choice",
        lambda text: by_name[words.parse(text)],
        names.__getitem__,
        lambda value: isinstance(value, members),
        choices=tuple(by_name),
    )


def member_name(member: Enum) -> str:
    """`member_name(Colour.DARK_BLUE)` is `dark-blue`: how options and programs write a member."""
    return member.name.lower().replace("_", "-")


def list_of(element: Converter[T]) -> Converter[tuple[T, ...]]:
    """`list_of(PORT)` reads values of one type, comma between, as a tuple.

    Spaces around a value do not count, and neither do empty ones: "" is no value at all. What
    has a comma of its own is better asked for by a key that is `repeated`.
    """

    def parse(text: str) -> tuple[T, ...]:
        return tuple(element.parse(part.strip()) for part in text.split(",") if part.strip())

    def show(values: tuple[T, ...]) -> str:
        return ",".join(element.show(value) for value in values)

    def check(values: object) -> bool:
        if not isinstance(values, tuple) or not all(element.check(value) for value in values):
            return False
        return all(_is_word(element.show(value)) for value in values)

    return Converter(f"list of {element.name}", parse, show, check, reference=element.reference)


def _is_word(text: str) -> bool:
    return text != "" and text == text.strip() and "," not in text


def _check_words(what: str, names: tuple[object, ...]) -> None:
    if not names or not all(is_text(name) and name for name in names):
        raise UserError(
            f"`{what}` takes the words to choose from, not {names!r}",
            here(),
            f'write them as text: `{what}("tcp", "udp")`',
        )


WORDS = list_of(STRING)
"""Words separated by commas, as a tuple."""
