"""Writes YAML 1.2 that is read the same by every parser: no anchors, no plain ambiguity."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./@=,+-]|:(?! |$)| (?! |$))*")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})

_NO_KEYS = _WORDS - {"on"}
"""As keys; `on` is how workflows begin, and all that read them take it for text."""


@dataclass(frozen=True, slots=True)
class Noted:
    """`Noted(text, note)` is text with a comment behind it, for its reader."""

    text: str
    note: str


Value = str | int | bool | Noted | Sequence["Value"] | Mapping[str, "Value"]


def document(value: Mapping[str, Value]) -> str:
    """`document(value)` is the mapping as YAML, with an empty line between its entries."""
    return "\n".join("\n".join(_entries({name: each}, 0)) + "\n" for name, each in value.items())


def _entries(mapping: Mapping[str, Value], depth: int) -> Iterator[str]:
    for name, value in mapping.items():
        key = name if _KEY.fullmatch(name) and name.lower() not in _NO_KEYS else _quoted(name)
        yield from _under(f"{'  ' * depth}{key}:", value, depth)


def _items(items: Sequence[Value], depth: int) -> Iterator[str]:
    for item in items:
        dash = "  " * depth + "-"
        if isinstance(item, Mapping) and item:
            lines = list(_entries(item, depth + 1))
            yield dash + lines[0][len(dash) :]
            yield from lines[1:]
        else:
            yield from _under(dash, item, depth)


def _under(head: str, value: Value, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _entries(value, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        yield head
        yield from _items(value, depth + 1)
    elif isinstance(value, str) and _is_block(value):
        yield f"{head} |"
        yield from ("  " * (depth + 1) + line for line in value.splitlines())
    else:
        yield f"{head} {_scalar(value)}"


def _is_block(text: str) -> bool:
    lines = text.split("\n")
    whole = lines[-1] == "" and all(line and line.isprintable() for line in lines[:-1])
    return len(lines) > 1 and whole and not text.startswith(" ")


def _scalar(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return value if _is_plain(value) else _quoted(value)
        case Noted():
            return f"{_scalar(value.text)}  # {value.note}"
        case Mapping():
            return "{}"
    return "[]"


def _quoted(text: str) -> str:
    """The text as JSON writes it, which is YAML."""
    return json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether every parser takes the unquoted text for text, and for this."""
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS
