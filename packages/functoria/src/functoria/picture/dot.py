"""A picture in the DOT language (graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from collections.abc import Mapping

from functoria.picture.model import Box, Edge, Kind, Picture, Relation
from functoria.picture.text import clean

_GREY = "#8b95a0"


def dot(picture: Picture) -> str:
    """`dot(picture)` is the picture as a `digraph`; every box and edge once, roots first."""
    lines = [
        f"digraph {_quoted(clean(picture.name))} {{",
        "  ordering=out;",
        '  node [shape=box, fontname="sans-serif"];',
        '  edge [fontname="sans-serif", fontsize=10];',
    ]
    lines += [f"  {_quoted(box.id)}{_list(_node(box))};" for box in picture.boxes]
    lines += [
        f"  {_quoted(edge.source)} -> {_quoted(edge.target)}{_list(_line(edge))};"
        for edge in picture.edges
    ]
    return "\n".join((*lines, "}")) + "\n"


def _node(box: Box) -> Mapping[str, str]:
    values = [f"{setting.name} {setting.shown}" for setting in box.settings]
    if box.kind is Kind.CHOICE:
        text, looks = values or [box.title], {"shape": "ellipse"}
    else:
        text = [box.title, box.constructor, box.type, *values]
        looks = {"style": "bold"} if box.kind is Kind.JOB else {}
    if not box.live:
        looks |= {"style": "dashed", "color": _GREY, "fontcolor": _GREY}
    return {"label": "\n".join(clean(line) for line in text), **looks}


def _line(edge: Edge) -> Mapping[str, str]:
    looks: dict[str, str] = {}
    if edge.labels and edge.relation in (Relation.KEYWORD, Relation.BRANCH):
        looks["label"] = clean(", ".join(edge.labels))
    if edge.relation is Relation.KEYWORD:
        looks["style"] = "dashed"
    elif edge.relation is Relation.AFTER:
        looks["style"] = "dotted"
    elif edge.relation is Relation.BRANCH and edge.live:
        looks["style"] = "bold"
    if not edge.live:
        looks |= {"style": "dashed", "color": _GREY, "fontcolor": _GREY}
    return looks


def _list(attributes: Mapping[str, str]) -> str:
    said = ", ".join(f"{name}={_value(value)}" for name, value in attributes.items())
    return f" [{said}]" if said else ""


def _value(text: str) -> str:
    """A word as it is, all else in quotes."""
    return text if text.isascii() and text.isalpha() else _quoted(text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
