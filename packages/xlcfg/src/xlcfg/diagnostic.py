"""What a check has to say about one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from xlcfg.text import visible

if TYPE_CHECKING:
    from xlcfg.position import Position
    from xlcfg.rules import Rule


class Severity(Enum):
    """How bad it is: an error keeps the guest from being what the file says."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`Diagnostic(rule, what, at, section, do)` is one finding of a check.

    `what` is one line, literals in backticks; `section` is the manual page and section that
    it rests on; `do` is the next thing to do.
    """

    rule: Rule
    what: str
    at: Position
    section: str
    do: str

    @property
    def severity(self) -> Severity:
        """An error or a warning, as its rule says."""
        return self.rule.severity

    def show(self, file: str) -> str:
        """The finding as one line, the way compilers write them."""
        where = f"{file}:{self.at}"
        return visible(
            f"{where}: {self.severity.value}: {self.what}; {self.do}"
            f" [{self.rule.name}; {self.section}]"
        )
