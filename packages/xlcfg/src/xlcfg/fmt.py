"""The standard layout of a configuration: what it says and its comments stay.

One setting a line, ` = ` between name and value, strings in double quotes where that needs no
more escapes, at most one blank line in a row. A list stands on one line, or has a line for each
item where it spans lines already or is longer than the page.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xlcfg.quoting import odd_escapes, quote
from xlcfg.tree import Document, List, Setting, String, Value

WIDTH = 100
"""How long a line with a list may be."""

_INDENT = "    "


def fmt(document: Document) -> str:
    """The text of a configuration in the standard layout; formatting it again changes nothing."""
    lines: list[str] = []
    for setting in document.settings:
        _between(lines, setting.lead)
        lines += _setting(setting)
    _between(lines, document.tail)
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "".join(f"{line}\n" for line in lines)


@dataclass(slots=True)
class _Gap:
    """The comments of a piece of layout: those on the line before it, and those below."""

    beside: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


def _gap(layout: str) -> _Gap:
    gap = _Gap()
    for number, line in enumerate(layout.split("\n")):
        comment = _comment(line)
        if comment:
            (gap.below if number else gap.beside).append(comment)
    return gap


def _comment(line: str) -> str:
    """The comment on a line of layout, or nothing."""
    return line[line.index("#") :].rstrip(" \t\n") if "#" in line else ""


def _between(lines: list[str], layout: str) -> None:
    """Add the comments and blank lines between two settings."""
    parts = layout.split("\n")
    for number, line in enumerate(parts):
        comment = _comment(line)
        if comment:
            lines.append(comment)
        elif number < len(parts) - 1 and lines and lines[-1]:
            lines.append("")


def _setting(setting: Setting) -> list[str]:
    head = f"{setting.name} {setting.operator.value} "
    comment = _comment(setting.end)
    lines = _shown(setting.value, WIDTH - len(head), "")
    lines[0] = head + lines[0]
    lines[-1] += f"  {comment}" if comment else ""
    return lines


def _shown(value: Value, room: int, indent: str) -> list[str]:
    """A value on one line where it fits into the room, or a list with a line for each item."""
    if isinstance(value, String):
        return [_string(value)]
    one = _one_line(value)
    return [one] if one is not None and len(one) <= room else _lines(value, indent)


def _one_line(value: Value) -> str | None:
    """A value on one line, or None where it spans lines now."""
    if isinstance(value, String):
        return _string(value)
    if "\n" in value.tail or any("\n" in item.lead + item.trail for item in value.items):
        return None
    parts = [_one_line(item.value) for item in value.items]
    return None if None in parts else f"[{', '.join(filter(None, parts))}]"


def _lines(value: List, indent: str) -> list[str]:
    """A list with a line for each item; the first line is its bracket."""
    inner = indent + _INDENT
    lines = ["["]
    leads = [item.lead for item in value.items] + [value.tail]
    opening = _gap(leads[0])
    lines += [inner + comment for comment in opening.beside + opening.below]
    for number, item in enumerate(value.items):
        after, below = _gap(item.trail), _gap(leads[number + 1])
        beside = after.beside or below.beside
        rest = after.below + (below.beside if after.beside else []) + below.below
        shown = _shown(item.value, WIDTH - len(inner) - 1, inner)
        shown[0] = inner + shown[0]
        shown[-1] += "," + "".join(f"  {comment}" for comment in beside[:1])
        lines += [*shown, *(inner + comment for comment in beside[1:] + rest)]
    return [*lines, f"{indent}]"]


def _string(value: String) -> str:
    """A string in double quotes, unless it is a number or would need escapes for that."""
    if not value.quoted or value.text[0] == '"' or odd_escapes(value.text):
        return value.text
    text = quote(value.value)
    return text if text.count("\\") <= value.text.count("\\") else value.text
