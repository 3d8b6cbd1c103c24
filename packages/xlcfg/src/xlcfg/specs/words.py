"""Values of keys: words out of a set, numbers within bounds, free text."""

from __future__ import annotations

from dataclasses import dataclass

from xlcfg.cnumber import leading, whole
from xlcfg.rules import SPEC, SPEC_RANGE, Rule
from xlcfg.specs.flaw import Flaw


@dataclass(frozen=True, slots=True)
class Free:
    """Any text."""

    def flaws(self, key: str, text: str, offset: int) -> list[Flaw]:
        """Nothing is wrong with any text."""
        return []


FREE = Free()


@dataclass(frozen=True, slots=True)
class Word:
    """`Word(words)` is one of the words; another breaks `rule`.

    `fold` tells that upper case stands for lower case.
    """

    words: tuple[str, ...]
    rule: Rule = SPEC
    fold: bool = True

    def flaws(self, key: str, text: str, offset: int) -> list[Flaw]:
        """What is wrong with `text` as the value of `key`."""
        if (text.lower() if self.fold else text) in self.words:
            return []
        choice = ", ".join(f"`{word}`" for word in self.words)
        return [Flaw(f"`{text}` is no {key}", f"write one of {choice}", offset, self.rule)]


@dataclass(frozen=True, slots=True)
class Count:
    """`Count(low, high)` is a number within bounds; another breaks `rule`."""

    low: int
    high: int
    rule: Rule = SPEC_RANGE
    base: int = 0

    def flaws(self, key: str, text: str, offset: int) -> list[Flaw]:
        """What is wrong with `text` as the value of `key`."""
        value = whole(text, self.base)
        if value is not None and self.low <= value <= self.high:
            return []
        do = f"write a number from {self.low} to {self.high}"
        return [Flaw(f"`{text}` is no {key}", do, offset, self.rule)]


@dataclass(frozen=True, slots=True)
class Digits:
    """`Digits(low, high)` is a decimal number that `xl` refuses where no digit comes first."""

    low: int
    high: int

    def flaws(self, key: str, text: str, offset: int) -> list[Flaw]:
        """What is wrong with `text` as the value of `key`."""
        if leading(text, 10) is None:
            return [Flaw(f"`{text}` is no {key}", "write a number", offset, SPEC)]
        return Count(self.low, self.high, base=10).flaws(key, text, offset)
