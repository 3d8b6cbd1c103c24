"""What a configuration says: the value of each name.

Source: libxlutil 4.17. The last setting of a name counts; `+=` joins strings and lists to what
the name was before, and is `=` where it was nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from xlcfg.diagnostic import Diagnostic
from xlcfg.error import ParseError
from xlcfg.rules import ADDITION
from xlcfg.tree import Data, Document, List, Operator, Setting, String, Value, data_of

_SECTION = "xl.cfg(5), SYNTAX"


@dataclass(frozen=True, slots=True)
class Effective:
    """`Effective(settings)` is what a name is set to, by one `=` and any number of `+=`."""

    settings: tuple[Setting, ...]

    @property
    def last(self) -> Setting:
        """The setting that counts."""
        return self.settings[-1]

    @property
    def added(self) -> bool:
        """Whether the last setting was made with `+=`: `xl` then takes it for no number."""
        return self.last.operator is Operator.ADD

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return isinstance(self.last.value, List)

    @property
    def data(self) -> Data:
        """The value, without layout."""
        if len(self.settings) == 1:
            return data_of(self.last.value)
        if self.is_list:
            return [data_of(value) for value in self.values]
        return "".join(string.value for string in self.strings)

    @property
    def values(self) -> tuple[Value, ...]:
        """The items of the list, or none where the value is a string."""
        lists = [setting.value for setting in self.settings]
        return tuple(value for part in lists if isinstance(part, List) for value in part.values)

    @property
    def strings(self) -> tuple[String, ...]:
        """The strings that make up the value, or none where it is a list."""
        return tuple(part.value for part in self.settings if isinstance(part.value, String))


def evaluate(document: Document) -> dict[str, Effective]:
    """What each name is set to, in the order of the first settings.

    Raises `ParseError` where `+=` joins a string and a list.
    """
    effective, problems = sums(document)
    if problems:
        raise ParseError(problems, "<document>")
    return effective


def values(document: Document) -> dict[str, Data]:
    """The data of each name; raises `ParseError` as `evaluate` does."""
    return {name: found.data for name, found in evaluate(document).items()}


def sums(document: Document) -> tuple[dict[str, Effective], list[Diagnostic]]:
    """What each name is set to, and the sums that cannot be made."""
    groups: dict[str, list[Setting]] = {}
    problems: list[Diagnostic] = []
    for setting in document.settings:
        group = groups.get(setting.name)
        if group is None or setting.operator is Operator.SET:
            groups[setting.name] = [setting]
        elif isinstance(group[-1].value, List) is isinstance(setting.value, List):
            group.append(setting)
        else:
            what = f"`{setting.name}` is {_kind(group[-1])} and {_kind(setting)} is added"
            do = f"add a value of the same kind as in line {group[-1].at.line}"
            problems.append(Diagnostic(ADDITION, what, setting.value.at, _SECTION, do))
    return {name: Effective(tuple(group)) for name, group in groups.items()}, problems


def _kind(setting: Setting) -> str:
    return "a list" if isinstance(setting.value, List) else "a string"
