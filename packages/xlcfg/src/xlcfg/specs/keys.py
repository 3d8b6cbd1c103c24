"""Lists of `key=value`, the form of most small languages.

`xl` reads them in three ways, which differ in what they forgive: see `Style`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from xlcfg.error import XlcfgError
from xlcfg.rules import SPEC, SPEC_IGNORED, SPEC_RANGE, WARNED, Rule
from xlcfg.specs.flaw import MAX_FLAWS, Flaw, refuse
from xlcfg.specs.uuid import Uuid
from xlcfg.specs.words import FREE, Count, Digits, Free, Word


class Style(Enum):
    """How `xl` takes a list apart: by `key=` prefixes, at `=`, or into trimmed pairs."""

    PREFIX = 0
    PAIR = 1
    TRIMMED = 2


@dataclass(frozen=True, slots=True)
class Key:
    """`Key(name, value)` is a key and what its value may be.

    `instead` names the key that replaces a deprecated one; `xl` refuses a list without a key
    that is `required`.
    """

    name: str
    value: Free | Word | Count | Digits | Uuid = FREE
    required: bool = False
    instead: str = ""


class Entry(NamedTuple):
    """`Entry(key, value, offset)` is one pair of a list; `offset` is that of its value."""

    key: str
    value: str
    offset: int


@dataclass(frozen=True, slots=True)
class Grammar:
    """`Grammar(name, keys, style, unknown)` is one small language of keys.

    An unknown key breaks `unknown`, or nothing where that is None; a missing one breaks
    `incomplete`. `flags` are words that stand alone.
    """

    name: str
    keys: tuple[Key, ...]
    style: Style
    unknown: Rule | None
    flags: tuple[str, ...] = ()
    separator: str = ","
    incomplete: Rule = SPEC

    def entries(self, text: str) -> tuple[list[Entry], list[Flaw]]:
        """The pairs of a list, a flag with the value `""`, and what is wrong with it."""
        entries: list[Entry] = []
        flaws: list[Flaw] = []
        known = {key.name: key for key in self.keys}
        for word, start in _words(text, self.separator):
            if len(flaws) >= MAX_FLAWS:
                break
            entry = self._entry(word, start, flaws)
            if entry is None:
                if self.style is Style.PAIR:
                    break
                continue
            key = known.get(entry.key)
            if key is not None:
                entries.append(entry)
                flaws += key.value.flaws(key.name, entry.value, entry.offset)
                if key.instead:
                    what = f"`{key.name}` is deprecated in {self.name}"
                    flaws.append(Flaw(what, f"write {key.instead}", start, WARNED))
            elif entry.key in self.flags:
                entries.append(entry)
            elif self.unknown is not None:
                flaws.append(self._strange(f"`{entry.key}`", start, self.unknown))
        flaws += self._missing({entry.key for entry in entries})
        return entries, flaws

    def flaws(self, text: str) -> list[Flaw]:
        """What is wrong with a list."""
        return self.entries(text)[1]

    def read(self, text: str) -> dict[str, str]:
        """The pairs of a list, the last of a key counting; raises `XlcfgError`."""
        entries, flaws = self.entries(text)
        refuse(flaws, self.name)
        return {entry.key: entry.value for entry in entries}

    def write(self, pairs: dict[str, str]) -> str:
        """The list that reads as `pairs`; raises `XlcfgError` where none does."""
        parts = []
        for key, value in pairs.items():
            if self.separator in value or (self.style is Style.TRIMMED and "=" in value):
                what = f"`{value}` cannot be the {key} of {self.name}: it holds a separator"
                raise XlcfgError(what, None, "use a value without commas")
            parts.append(key if key in self.flags else f"{key}={value}")
        text = self.separator.join(parts)
        if self.read(text) != pairs:
            what = f"{self.name} cannot say {pairs}"
            raise XlcfgError(what, None, "use values without blanks at their ends")
        return text

    def _entry(self, word: str, start: int, flaws: list[Flaw]) -> Entry | None:
        """One pair, or None where a word is none."""
        key, equals, value = word.partition("=")
        if self.style is Style.TRIMMED:
            return self._trimmed(word, start, flaws)
        if equals:
            return Entry(key, value, start + len(key) + 1)
        if word in self.flags:
            return Entry(word, "", start)
        if self.style is Style.PAIR:
            what = f"`{word}` has no `=`: `xl` ignores it and what follows"
            flaws.append(Flaw(what, "write `key=value`", start, SPEC_RANGE))
        else:
            flaws.append(self._strange(f"`{word}`", start, self.unknown or SPEC_IGNORED))
        return None

    def _trimmed(self, word: str, start: int, flaws: list[Flaw]) -> Entry | None:
        """One pair as `strtok` takes it apart: of several `=`, the first parts two words."""
        parts = [part for part in word.split("=") if part]
        if len(parts) < 2:
            flaws.append(Flaw(f"`{word}` is no `key=value`", "write a value after `=`", start))
            return None
        if len(parts) > 2 or word.count("=") > 1:
            what = f"`{word}` has more than one `=`: `xl` ignores the rest"
            flaws.append(Flaw(what, "write one `=`", start, SPEC_RANGE))
        return Entry(parts[0].strip(), parts[1].strip(), start + word.index("=") + 1)

    def _strange(self, word: str, start: int, rule: Rule) -> Flaw:
        keys = ", ".join([key.name for key in self.keys[:12]] + list(self.flags))
        return Flaw(f"{word} is no key of {self.name}", f"its keys are {keys}", start, rule)

    def _missing(self, found: set[str]) -> list[Flaw]:
        return [
            Flaw(f"{self.name} has no `{key.name}`", f"add `{key.name}=...`", 0, self.incomplete)
            for key in self.keys
            if key.required and key.name not in found
        ]


def _words(text: str, separator: str) -> list[tuple[str, int]]:
    """The words between separators as `strtok` finds them, and where each starts."""
    words = []
    start = 0
    for word in text.split(separator):
        bare = word.lstrip(" ")
        if word:
            words.append((bare, start + len(word) - len(bare)))
        start += len(word) + len(separator)
    return words
