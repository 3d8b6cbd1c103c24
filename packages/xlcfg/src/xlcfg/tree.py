"""A configuration as it is written: every character of the text has its place in the tree.

Layout is what lies between the parts: blanks, newlines and comments. It belongs to the part
that follows, except that the rest of a line belongs to the setting that ends on it. Positions
are not part of what makes two trees equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from xlcfg.position import START, Position
from xlcfg.quoting import offset_in, quote, unquote

if TYPE_CHECKING:
    from collections.abc import Sequence

Data: TypeAlias = "str | list[Data]"
"""A value without its layout: a string, or a list of values. `xl` knows no other types."""

Plain: TypeAlias = "str | int | bool | Sequence[Plain]"
"""What can be written as a value: numbers and truth values become the strings that say them."""


class Operator(Enum):
    """What stands between a name and its value."""

    SET = "="
    ADD = "+="


@dataclass(frozen=True, slots=True)
class String:
    """`String(text)` is a string or a number as it is written, its quotes included."""

    text: str
    at: Position = field(default=START, compare=False)

    @property
    def quoted(self) -> bool:
        """Whether it stands in quotes; only a number can do without."""
        return self.text[0] in "'\""

    @property
    def value(self) -> str:
        """What it says: a number is a string for `xl` as well."""
        return unquote(self.text) if self.quoted else self.text

    def place(self, offset: int) -> Position:
        """The position of the character at `offset` of the value."""
        if not self.quoted:
            return Position(self.at.line, self.at.column + offset)
        return Position(self.at.line, self.at.column + offset_in(self.text, offset))


@dataclass(frozen=True, slots=True)
class Item:
    """`Item(lead, value, trail, comma)` is one value of a list and the layout around it.

    `comma` tells whether a comma follows; it can be missing from the last item only.
    """

    lead: str
    value: Value
    trail: str
    comma: bool


@dataclass(frozen=True, slots=True)
class List:
    """`List(items, tail)` is a list; `tail` is the layout before its closing bracket."""

    items: tuple[Item, ...]
    tail: str = ""
    at: Position = field(default=START, compare=False)

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of the list, in order."""
        return tuple(item.value for item in self.items)


Value: TypeAlias = String | List
"""A value as it is written."""


@dataclass(frozen=True, slots=True)
class Setting:
    """`Setting(lead, name, ..., value, end)` is one assignment.

    `lead` is the layout before the name, `before` and `after` are the blanks around the
    operator, `end` is the rest of the line or the blanks and the semicolon that end it.
    """

    lead: str
    name: str
    before: str
    operator: Operator
    after: str
    value: Value
    end: str
    at: Position = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """`Document(settings, tail)` is a configuration; `tail` is the layout after the last one."""

    settings: tuple[Setting, ...]
    tail: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are set, each once, in the order of their first setting."""
        return tuple(dict.fromkeys(setting.name for setting in self.settings))

    def find(self, name: str) -> Setting | None:
        """The last setting of a name: the one that counts, but for what `+=` adds to."""
        found = [setting for setting in self.settings if setting.name == name]
        return found[-1] if found else None


def written(data: Plain) -> Value:
    """The value that says `data`: strings in double quotes, lists on one line.

    Raises `ValueError` for a string that no value can say: one with a NUL character.
    """
    if isinstance(data, str):
        return String(quote(data))
    if isinstance(data, int):
        return number(int(data))
    items = [Item(" " if index else "", written(part), "", True) for index, part in enumerate(data)]
    if items:
        items[-1] = replace(items[-1], comma=False)
    return List(tuple(items))


def number(value: int) -> String:
    """The value that says a number; a negative one needs quotes in this language."""
    return String(str(value)) if value >= 0 else String(quote(str(value)))


def data_of(value: Value) -> Data:
    """What a value says, without its layout."""
    if isinstance(value, String):
        return value.value
    return [data_of(part) for part in value.values]
