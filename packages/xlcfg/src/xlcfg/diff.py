"""What changed between two configurations, for `xl` rather than for the eye.

Layout, comments, the order of settings, quotes, the way a number is written and the form of a
disk make no difference; the order of a list does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlcfg.cnumber import whole
from xlcfg.error import XlcfgError
from xlcfg.evaluate import values
from xlcfg.schema import BY_NAME
from xlcfg.schema.kinds import Boolean, Integer
from xlcfg.specs import disk, pci, vif

if TYPE_CHECKING:
    from collections.abc import Callable

    from xlcfg.tree import Data, Document

_READERS: dict[str, Callable[[str], object]] = {
    "disk": disk.read, "vif": vif.read, "pci": pci.read,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """`Change(name, old, new)` is an option that says something else; None where it is not set."""

    name: str
    old: Data | None
    new: Data | None

    def __str__(self) -> str:
        lines = []
        if isinstance(self.old, list) and isinstance(self.new, list):
            return "\n".join([f"  {self.name}", *_items(self.name, self.old, self.new)])
        if self.old is not None:
            lines.append(f"- {self.name} = {_shown(self.old)}")
        if self.new is not None:
            lines.append(f"+ {self.name} = {_shown(self.new)}")
        return "\n".join(lines)


def diff(old: Document, new: Document) -> list[Change]:
    """The changes from one configuration to another, sorted by name."""
    before, after = values(old), values(new)
    return [
        Change(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if _meaning(name, before.get(name)) != _meaning(name, after.get(name))
    ]


def _meaning(name: str, data: Data | None) -> object:
    """What a value means to `xl`, so far as this library knows."""
    if isinstance(data, list):
        return [_meaning(name, part) for part in data]
    if data is None:
        return None
    option = BY_NAME.get(name)
    number = whole(data) if option and isinstance(option.kind, Integer | Boolean) else None
    if number is not None and option is not None:
        return bool(number) if isinstance(option.kind, Boolean) else number
    reader = _READERS.get(name)
    if reader is None:
        return data
    try:
        return reader(data)
    except XlcfgError:
        return data


def _items(name: str, old: list[Data], new: list[Data]) -> list[str]:
    """The items that went and came, in order."""
    before = [_meaning(name, item) for item in old]
    after = [_meaning(name, item) for item in new]
    gone = [f"- {_shown(item)}" for item, key in zip(old, before, strict=True) if key not in after]
    here = [f"+ {_shown(item)}" for item, key in zip(new, after, strict=True) if key not in before]
    lines = gone + here or [f"- {_shown(old)}", f"+ {_shown(new)}"]
    return [f"{line[0]}   {line[1:]}" for line in lines]


def _shown(data: Data) -> str:
    from xlcfg.render import render_value
    from xlcfg.tree import written

    return render_value(written(data))
