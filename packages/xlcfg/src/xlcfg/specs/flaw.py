"""What is wrong inside a string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlcfg.error import XlcfgError
from xlcfg.rules import SPEC

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from xlcfg.rules import Rule


@dataclass(frozen=True, slots=True)
class Flaw:
    """`Flaw(what, do, offset, rule)` is one thing wrong at a character of a string."""

    what: str
    do: str
    offset: int = 0
    rule: Rule = SPEC


if TYPE_CHECKING:
    Reader: TypeAlias = Callable[[str], Sequence[Flaw]]
    """What is wrong with a string of one small language."""


MAX_FLAWS = 100
"""How many flaws are told of one string; reading it ends with them."""


def refuse(flaws: Sequence[Flaw], where: str) -> None:
    """Raise the first flaw that is an error as `XlcfgError`; `where` names the string."""
    for flaw in flaws:
        if flaw.rule.severity.value == "error":
            raise XlcfgError(flaw.what, f"{where}, character {flaw.offset + 1}", flaw.do)
