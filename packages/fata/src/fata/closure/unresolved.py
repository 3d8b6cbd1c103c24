"""A module that is imported and not there, in words that help."""

from __future__ import annotations

import difflib

from fata.closure.finder import Finder, Module, Origin
from fata.closure.reading import Reading
from fata.closure.rules import Rules
from functoria.error import Position, UserError


def not_found(name: str, place: str, finder: Finder, rules: Rules) -> UserError:
    """`not_found(name, place, ...)` is the error for an import of `name` at `place`."""
    return UserError(f"there is no module `{name}`", position(place), advice(name, finder, rules))


def syntax_error(module: Module, reading: Reading) -> UserError:
    """`syntax_error(module, reading)` is the error for a module of the user's that is malformed."""
    return UserError(
        f"`{module.title}` is not valid Python: {reading.error}",
        Position(module.title, reading.line),
        "mend the line; the interpreter that is packed must be able to compile it",
    )


def position(place: str) -> Position | str:
    """`position("a.py:3")` is that position; another text stays as it is."""
    file, _, line = place.rpartition(":")
    return Position(file, int(line)) if file and line.isdigit() else place


def advice(name: str, finder: Finder, rules: Rules) -> str:
    """`advice(name, finder, rules)` is the likeliest remedy, nearest first."""
    parent, _, last = name.rpartition(".")
    holder = finder.find(parent) if parent else None
    if holder is not None:
        near = _near(last, [child.rpartition(".")[2] for child in finder.children(holder)])
        if near:
            return f"did you mean `{parent}.{near}`?"
        return f"check the spelling: `{parent}` is there and has no `{last}`"
    top = name.partition(".")[0]
    distribution = rules.distributions.get(top, "")
    if distribution:
        return f'add "{distribution}", which provides `{top}`, to requires=[...] in config.py'
    near = _near(top, [n for origin in Origin for n in finder.top_level(origin)])
    if near:
        return f'did you mean `{near}`? If not, add requires=["{top}"] to config.py'
    return f'add requires=["{top}"] to config.py, or put `{top}.py` beside your program'


def _near(name: str, candidates: list[str]) -> str:
    return next(iter(difflib.get_close_matches(name, sorted(set(candidates)), 1, 0.75)), "")
