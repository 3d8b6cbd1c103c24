"""Tables of a TOML document, read strictly: every refusal names the line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from fata.settings.lines import Path, line_holding, line_of
from fata.settings.nearest import nearest
from fata.settings.refusal import RefusedError
from functoria.converter import Converter
from functoria.error import Position, UserError

T = TypeVar("T")
Default = TypeVar("Default")


@dataclass(frozen=True, slots=True)
class Table:
    """`Table(file, text, path, data)` is the table at `path` of the document `text`."""

    file: str
    text: str
    path: Path
    data: Mapping[str, object]

    def only(self, known: Iterable[str]) -> None:
        """Raise `UserError` for a key that is not `known`."""
        names = tuple(known)
        for name in self.data:
            if name not in names:
                dotted = ".".join((*self.path, name))
                raise UserError(
                    f"there is no key `{dotted[:120]}`",
                    self.position(name),
                    nearest(name, names, f"the keys of {self.called}"),
                )

    @property
    def called(self) -> str:
        """How a message names the table."""
        return f"`[{'.'.join(self.path)}]`" if self.path else "the file"

    def position(self, name: str, part: str = "") -> Position:
        """`table.position(name, part)` is where `name` is written, or that part of its value."""
        line = line_of(self.text, (*self.path, name))
        return Position(self.file, line_holding(self.text, line, part))

    def table(self, name: str) -> Table:
        """`table.table(name)` is the table in it called `name`, which may be absent: empty."""
        value = self.data.get(name, {})
        if not isinstance(value, dict):
            header = f"[{'.'.join((*self.path, name))}]"
            raise self.refused(
                name, f"`{name}` is a table, not {_shown(value)}", f"begin it with `{header}`"
            )
        return Table(self.file, self.text, (*self.path, name), value)

    def boolean(self, name: str, default: bool) -> bool:
        """`table.boolean(name, default)` is a truth value."""
        value = self.data.get(name, default)
        if not isinstance(value, bool):
            raise self.refused(name, f"`{name}` is `true` or `false`, not {_shown(value)}")
        return value

    def integer(self, name: str, default: Default, low: int, high: int) -> int | Default:
        """`table.integer(name, default, low, high)` is a whole number, both ends allowed."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refused(name, f"`{name}` is a whole number, not {_shown(value)}")
        if not low <= value <= high:
            raise self.refused(name, f"`{name}` is from {low} to {high}, not {_shown(value)}")
        return value

    def number(self, name: str, default: Default, low: float, high: float) -> float | Default:
        """`table.number(name, default, low, high)` is a number, whole or not."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.refused(name, f"`{name}` is a number, not {_shown(value)}")
        if not low <= value <= high:
            raise self.refused(name, f"`{name}` is from {low:g} to {high:g}, not {_shown(value)}")
        return float(value)

    def text_of(self, name: str, default: Default, parse: Callable[[str], T]) -> T | Default:
        """`table.text_of(name, default, parse)` is what `parse` makes of text.

        `parse` refuses with `ValueError`, or `RefusedError` where there is a remedy.
        """
        value = self.data.get(name)
        return default if value is None else self._parse(name, value, parse)

    def quantity(self, name: str, default: Default, unit: Converter[T]) -> T | Default:
        """`table.quantity(name, default, SIZE)` is an amount: text with a unit, or a number."""
        value = self.data.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._parse(name, str(value), unit.parse)
        return default if value is None else self._parse(name, value, unit.parse)

    def items(self, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """`table.items(name, parse)` is a list of text, each as `parse` reads it."""
        value = self.data.get(name, [])
        if not isinstance(value, list):
            raise self.refused(name, f"`{name}` is a list in brackets, not {_shown(value)}")
        return tuple(self._parse(name, item, parse) for item in value)

    def refused(
        self, name: str, what: str, do: str = "correct the value", part: str = ""
    ) -> UserError:
        """`table.refused(name, what, do, part)` is the error about the value of `name`."""
        return UserError(what, self.position(name, part), do)

    def _parse(self, name: str, value: object, parse: Callable[[str], T]) -> T:
        if not isinstance(value, str):
            raise self.refused(name, f"`{name}` holds text in quotation marks, not {_shown(value)}")
        try:
            return parse(value)
        except RefusedError as refusal:
            do = _shortened(refusal.do)
            raise self.refused(name, _shortened(str(refusal)), do, value) from None
        except ValueError as error:
            raise self.refused(name, _shortened(str(error)), part=value) from None


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, str):
        return f'"{_shortened(value)}"'
    return f"`{_shortened(str(value))}`"


def _shortened(text: str) -> str:
    plain = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return plain if len(plain) <= 200 else plain[:199] + "…"
