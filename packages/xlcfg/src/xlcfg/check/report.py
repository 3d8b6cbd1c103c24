"""The findings about one option, and where in the text they belong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xlcfg.diagnostic import Diagnostic

if TYPE_CHECKING:
    from xlcfg.evaluate import Effective
    from xlcfg.position import Position
    from xlcfg.rules import Rule
    from xlcfg.schema.option import Option
    from xlcfg.tree import String

MAX_FINDINGS = 1000
"""How many findings are kept of one file."""


@dataclass(slots=True)
class Findings:
    """The findings so far."""

    all: list[Diagnostic] = field(default_factory=list)

    def add(self, rule: Rule, what: str, at: Position, section: str, do: str) -> None:
        """Add a finding, unless there are far too many."""
        if len(self.all) < MAX_FINDINGS:
            self.all.append(Diagnostic(rule, what, at, section, do))


@dataclass(frozen=True, slots=True)
class Report:
    """`Report(option, findings)` takes the findings about one option."""

    option: Option
    findings: Findings

    def add(self, rule: Rule, what: str, at: Position, do: str, page: str = "") -> None:
        """Add a finding; `page` is a manual page that tells more than xl.cfg(5)."""
        self.findings.add(rule, what, at, page or self.option.reference, do)


@dataclass(frozen=True, slots=True)
class Joined:
    """`Joined(strings)` is a value that `+=` made of several strings."""

    strings: tuple[String, ...]

    @property
    def value(self) -> str:
        """The strings, one after another."""
        return "".join(string.value for string in self.strings)

    @property
    def at(self) -> Position:
        """Where the last of them is."""
        return self.strings[-1].at

    def place(self, offset: int) -> Position:
        """The position of the character at `offset` of the value."""
        for string in self.strings[:-1]:
            length = len(string.value)
            if offset < length:
                return string.place(offset)
            offset -= length
        return self.strings[-1].place(offset)


def joined(effective: Effective) -> Joined:
    """The strings of a value that is no list."""
    return Joined(effective.strings)
