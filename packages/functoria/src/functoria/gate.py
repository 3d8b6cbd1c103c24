"""The version gate: which versions of the tool a configuration is written for.

The first line of a configuration may be a comment such as `# fata >= 0.2, < 0.4`. It is read
before anything is evaluated, so that another version of the tool says so rather than stumble.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from functoria.error import Position, UserError

_FORMS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_BOUND = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([0-9]{1,6}(?:\.[0-9]{1,6}){0,3})\s*", re.ASCII)
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bound:
    """`Bound(">=", (0, 2))` is a side of a range of versions."""

    relation: str
    version: tuple[int, ...]

    def holds(self, version: tuple[int, ...]) -> bool:
        """`bound.holds(v)` is whether `v` is on the right side; 0.2 is the same as 0.2.0."""
        width = max(len(version), len(self.version))
        return _FORMS[self.relation](_padded(version, width), _padded(self.version, width))

    def __str__(self) -> str:
        return f"{self.relation} {'.'.join(str(number) for number in self.version)}"


def _padded(version: tuple[int, ...], width: int) -> tuple[int, ...]:
    return version + (0,) * (width - len(version))


def bounds(line: str, tool: str, position: Position) -> tuple[Bound, ...]:
    """`bounds(line, tool, position)` is what the first line asks for; nothing if it is no gate.

    A gate is a comment that begins with the tool's name and a relation. Raises `UserError` for
    one that is not of the form `# TOOL >= 0.2, < 0.4`.
    """
    begin = re.match(rf"#\s*{re.escape(tool)}\s*(?=[<>=!~^0-9])", line)
    if begin is None:
        return ()
    rest = line[begin.end() :].strip()
    found = []
    for part in rest.split(","):
        match = _BOUND.fullmatch(part)
        if match is None:
            raise UserError(
                f"the line is not a range of versions: `{line.strip()[:80]}`",
                position,
                f"write it as `# {tool} >= 0.2, < 0.4`",
            )
        found.append(Bound(match[1], parsed(match[2])))
    return tuple(found)


def parsed(version: str) -> tuple[int, ...]:
    """`parsed("0.2.1rc1")` is `(0, 2, 1)`: a version's numbers, without what follows them."""
    match = _VERSION.match(version)
    return tuple(int(number) for number in match[0].split(".")) if match else (0,)


def check(line: str, tool: str, version: str, position: Position) -> None:
    """Raise `UserError` if the first line asks for other versions of the tool than `version`."""
    have = parsed(version)
    for bound in bounds(line, tool, position):
        if bound.holds(have):
            continue
        newer = bound.relation in (">", ">=") or (bound.relation == "==" and bound.version > have)
        step = "install a newer" if newer else "install an older"
        raise UserError(
            f"the configuration is written for {tool} {bound}, and this is {tool} {version}",
            position,
            f"{step} {tool}, or bring the configuration up to date and change the line; "
            "what changed is in docs/breaking-changes.md",
        )
