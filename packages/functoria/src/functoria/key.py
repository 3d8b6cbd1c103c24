"""Keys: what can be chosen when a program is configured, or when it boots."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar, cast

from functoria.converter import BOOLEAN, Converter
from functoria.error import Position, UserError
from functoria.position import here
from functoria.value import Value

T = TypeVar("T")

Texts = tuple[str, ...]
"""What was said of a key: one text, or for a repeated key any number of them."""


class Stage(Enum):
    """When a key gets its value."""

    CONFIGURE = "configure"
    BOOT = "boot"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Key(Generic[T]):
    """`Key(name=..., converter=..., default=..., doc=...)` is an option of the program.

    At the stage `CONFIGURE` it is an option of the tool, and its value is part of what is built;
    at the stage `BOOT` it is an argument of the built program. With a `group` its option is
    `--GROUP-NAME`; `short` is a letter for `-X`. A key that has neither a default nor is
    `required` may stay unset: its value is then `None`. A `flag` is a truth that is said by its
    name alone; a `repeated` key may be given many times, and its value is a tuple.

    A key is one object: it may be used in many devices, and two keys of one option are a mistake
    which `functoria.graph.unique_options` reports.
    """

    name: str
    converter: Converter[Any]
    default: T | None = None
    doc: str
    stage: Stage = Stage.CONFIGURE
    group: str | None = None
    short: str | None = None
    required: bool = False
    flag: bool = False
    repeated: bool = False
    position: Position | None = field(default_factory=here)

    def __post_init__(self) -> None:
        _check_form(self)
        if self.default is not None and not self._fits(self.default):
            form = f"tuple of `{self.converter}`" if self.repeated else f"`{self.converter}`"
            raise UserError(
                f"the default of key `{self.option}`, {self.default!r}, is not a {form}",
                self.position,
                "give a default of the key's type",
            )

    def _fits(self, value: object) -> bool:
        if not self.repeated:
            return self.converter.check(value)
        return isinstance(value, tuple) and all(self.converter.check(item) for item in value)

    def __bool__(self) -> bool:
        """No key is true or false: its value is not known while the configuration is read."""
        raise UserError(
            f"`{self.option}` has no value yet, and is neither true nor false",
            here() or self.position,
            "choose by it with `if_impl` or `match_impl`",
        )

    @property
    def option(self) -> str:
        """`key.option` is the name of its option, without the dashes."""
        return f"{self.group}-{self.name}" if self.group else self.name

    @property
    def unsaid(self) -> T | None:
        """`key.unsaid` is the value where nothing is said of the key."""
        if self.flag:
            return cast("T", False)
        return cast("T", ()) if self.repeated and self.default is None else self.default

    def parse(self, texts: Texts) -> T:
        """`key.parse(texts)` is the value that the texts spell. Raises `ValueError`."""
        if self.repeated:
            return cast("T", tuple(self.converter.parse(text) for text in texts))
        return cast("T", self.converter.parse(texts[-1]))

    def show(self, value: object) -> Texts:
        """`key.show(value)` is texts which `parse` reads as `value`; none for an unset key."""
        if value is None:
            return ()
        values = cast("tuple[object, ...]", value) if self.repeated else (value,)
        return tuple(self.converter.show(item) for item in values)

    def shown(self, value: object) -> str:
        """`key.shown(value)` is the value for its reader: `unset` where there is none."""
        texts = self.show(value)
        return " ".join(text or '""' for text in texts) if texts else "unset"

    @property
    def value(self) -> Value[T]:
        """`key.value` is the value that the key will have when it is resolved."""
        if self.stage is Stage.BOOT:
            raise UserError(
                f"`{self.option}` is an argument of the booted program, which has no value yet",
                here() or self.position,
                "choose by a key of the stage `CONFIGURE`, or read the argument in the program",
            )
        return Value((self,), lambda context: context.get(self), self.option)


def _check_form(key: Key[Any]) -> None:
    """Raise `UserError` for a key that says two things at once, or has no usable name."""

    def refuse(what: str, do: str) -> None:
        raise UserError(what, key.position, do)

    converter: object = key.converter
    if not isinstance(converter, Converter):
        known = "INTEGER" if converter is int else "BOOLEAN" if converter is bool else "STRING"
        refuse(
            f"key `{key.name}` has {converter!r} where a converter is wanted",
            f"write `{known}`, or another converter such as `PORT` or `choice(...)`",
        )
    for word in (key.name, *(() if key.group is None else (key.group,))):
        if not _is_word(word):
            refuse(
                f"`{word}` cannot be the name of a key", "use lower-case letters, digits and `-`"
            )
    if key.short is not None and (len(key.short) != 1 or not key.short.isalpha()):
        refuse(f"`{key.short}` cannot be the short form of `{key.option}`", "use one letter")
    if key.required and (key.default is not None or key.flag):
        refuse(
            f"key `{key.option}` is required, and so has no default",
            "leave out the default, or `required`",
        )
    if key.flag and (key.converter is not BOOLEAN or key.default or key.repeated):
        refuse(
            f"flag `{key.option}` is off until it is given, and given once",
            "declare it with `BOOLEAN` and no default of its own, or without `flag`",
        )


def _is_word(text: str) -> bool:
    letters = text.replace("-", "")
    if not letters.isascii() or not letters.isalnum() or letters != letters.lower():
        return False
    return not text.startswith("-") and not text.endswith("-")
