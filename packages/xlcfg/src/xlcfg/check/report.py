"""The findings about one option, and where in the text they belong."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from xlcfg.diagnostic import Diagnostic

if TYPE_CHECKING:
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
    """`Joined(strings, value, starts)` is a value that `+=` made of several strings.

    `starts` is where each string begins in the value.
    """

    strings: tuple[String, ...]
    value: str
    starts: tuple[int, ...]

    @property
    def at(self) -> Position:
        """Where the last of them is."""
        return self.strings[-1].at

    def place(self, offset: int) -> Position:
        """The position of the character at `offset` of the value."""
        index = bisect_right(self.starts, offset) - 1
        return self.strings[index].place(offset - self.starts[index])


def joined(*strings: String) -> Joined:
    """The value that strings make, one after another."""
    values = [string.value for string in strings]
    starts = accumulate((len(value) for value in values[:-1]), initial=0)
    return Joined(strings, "".join(values), tuple(starts))
