"""Markup: XML and HTML of which every text and attribute is escaped."""

from __future__ import annotations

import html
from typing import NewType

from functoria.picture.text import clean

Markup = NewType("Markup", str)
"""Text that is markup already; only this module makes it from what is not."""

NOTHING = Markup("")
_VOID = frozenset(("input", "meta", "path", "rect"))


def text(value: str) -> Markup:
    """`text(s)` is `s` as text between tags, or in an attribute."""
    return Markup(html.escape(clean(value)))


def lines(value: str) -> Markup:
    """`lines(s)` is `s` as text between tags, with its line breaks."""
    return Markup("\n".join(text(line) for line in value.split("\n")))


def tag(name: str, /, *content: Markup, **attributes: str | float | None) -> Markup:
    """`tag("a", ..., href=...)` is the element; `class_` is `class`, and `_` within is `-`.

    Attributes that are `None` are left out. The elements that HTML and SVG have no content for
    close themselves, all others have an end tag: so the text reads the same as XML and as HTML.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(shown(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(content)
    return Markup(f"<{name}{said}/>" if name in _VOID else f"<{name}{said}>{inner}</{name}>")


def shown(value: str | float) -> str:
    """`shown(x)` is a text as it is, and a number with one digit after the point at most."""
    return value if isinstance(value, str) else f"{round(value, 1) + 0.0:g}"


def joined(*parts: Markup) -> Markup:
    """`joined(a, b)` is one after the other, each on a line of its own."""
    return Markup("\n".join(part for part in parts if part))
