"""The text of a configuration: what a tree was read from, character for character."""

from __future__ import annotations

from xlcfg.tree import Document, List, Setting, String, Value


def render(document: Document) -> str:
    """The text of a configuration; `parse(render(document)) == document`."""
    parts: list[str] = []
    for setting in document.settings:
        _setting(setting, parts)
    parts.append(document.tail)
    return "".join(parts)


def render_value(value: Value) -> str:
    """The text of one value."""
    parts: list[str] = []
    _value(value, parts)
    return "".join(parts)


def _setting(setting: Setting, parts: list[str]) -> None:
    parts += (setting.lead, setting.name, setting.before, setting.operator.value, setting.after)
    _value(setting.value, parts)
    parts.append(setting.end)


def _value(value: Value, parts: list[str]) -> None:
    match value:
        case String(text):
            parts.append(text)
        case List(items, tail):
            parts.append("[")
            for item in items:
                parts.append(item.lead)
                _value(item.value, parts)
                parts.append(item.trail)
                if item.comma:
                    parts.append(",")
            parts += (tail, "]")
