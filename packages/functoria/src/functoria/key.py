"""Keys: what can be chosen when a program is configured, or when it boots."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from functoria.converter import Converter
from functoria.error import Position, UserError
from functoria.position import here
from functoria.value import Value

T = TypeVar("T")


class Stage(Enum):
    """When a key gets its value."""

    CONFIGURE = "configure"
    BOOT = "boot"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Key(Generic[T]):
    """`Key(name=..., converter=..., default=..., doc=...)` is an option of the program.

    At the stage `CONFIGURE` it is an option of the tool, and its value is part of what is built;
    at the stage `BOOT` it is an argument of the built program. With a `group` its option is
    `--GROUP-NAME`. A key is one object: it may be used in many devices, and two keys of one
    option are a mistake which `functoria.keys.collect` reports.
    """

    name: str
    converter: Converter[T]
    default: T | None
    doc: str
    stage: Stage = Stage.CONFIGURE
    group: str | None = None
    position: Position | None = field(default_factory=here)

    def __post_init__(self) -> None:
        if not self.name or not all(c.islower() or c.isdigit() or c == "-" for c in self.name):
            raise UserError(
                f"`{self.name}` cannot be the name of a key",
                self.position,
                "use lower-case letters, digits and `-`",
            )
        if self.default is not None and not self.converter.check(self.default):
            raise UserError(
                f"the default of key `{self.option}`, {self.default!r}, is not a "
                f"`{self.converter}`",
                self.position,
                "give a default of the key's type",
            )

    @property
    def option(self) -> str:
        """`key.option` is the name of its option, without the dashes."""
        return f"{self.group}-{self.name}" if self.group else self.name

    @property
    def value(self) -> Value[T]:
        """`key.value` is the value that the key will have when it is resolved."""
        if self.stage is Stage.BOOT:
            raise UserError(
                f"`{self.option}` is an argument of the booted program, which has no value yet",
                here() or self.position,
                "choose by a key of the stage `CONFIGURE`, or read the argument in the program",
            )
        return Value((self,), lambda context: context.get(self))
