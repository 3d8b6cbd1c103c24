"""What is known about packages that their text does not show: data files, one per package."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

RULES = Path(__file__).parent / "rules"

Table = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Rules:
    """`Rules(...)` is the rules of every package, merged.

    A pattern is a dotted name, or one with `.*` behind it for the name and everything below it.
    """

    exclude: tuple[str, ...]
    """Not followed from imports that are lazy or forgiven, unless the user's own code has them."""
    keep_source: tuple[str, ...]
    """Modules that read their own source when they run."""
    metadata: tuple[str, ...]
    """Packages that look up their own distribution's metadata."""
    implies: Table
    """A module and those it imports where no text shows it: from C, or under a computed name."""
    weak: Table
    """Importers and what they do without: a forgiven import of theirs does not bring it in."""
    uses: Table
    """A name such as `hashlib.scrypt` and the modules that it needs to work."""
    data: Table
    """Packages and globs of data, below them, that are not recognised as data otherwise."""
    data_exclude: Table
    """Packages and globs of files, below them, that are not read when they run."""
    libraries: Table
    """Modules and the shared libraries that are loaded for them at run time, by soname."""
    advice: Table
    """Modules and distributions without which they find no data: reported when absent."""
    distributions: Mapping[str, str]
    """Import names and the distributions that provide them, where the two differ."""

    def watched(self) -> frozenset[str]:
        """`watched()` is the last parts of the names in `uses`: what readers look out for."""
        return frozenset(name.rpartition(".")[2] for name in self.uses)


_LISTS = ("exclude", "keep_source", "metadata")
_TABLES = ("implies", "weak", "uses", "data", "data_exclude", "libraries", "advice")


@cache
def rules() -> Rules:
    """`rules()` is what is known of packages, read from `rules/*.toml` of this installation."""
    lists: dict[str, set[str]] = {name: set() for name in _LISTS}
    tables: dict[str, dict[str, set[str]]] = {name: {} for name in _TABLES}
    distributions: dict[str, str] = {}
    for path in sorted(RULES.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        distributions |= content.pop("distributions", {})
        for name, value in content.items():
            if name in lists:
                lists[name] |= set(value)
                continue
            for key, entries in value.items():
                tables[name].setdefault(key, set()).update(entries)
    merged: dict[str, Any] = {name: tuple(sorted(values)) for name, values in lists.items()}
    for name, table in tables.items():
        merged[name] = {key: tuple(sorted(values)) for key, values in sorted(table.items())}
    return Rules(**merged, distributions=distributions)


def matches(pattern: str, name: str) -> bool:
    """`matches("a.*", name)` is whether `name` is `a` or below it; without `.*`, whether equal."""
    if pattern.endswith(".*"):
        return name == pattern[:-2] or name.startswith(pattern[:-1])
    return name == pattern


def any_matches(patterns: Iterable[str], name: str) -> bool:
    """`any_matches(patterns, name)` is whether one of them matches."""
    return any(matches(pattern, name) for pattern in patterns)
