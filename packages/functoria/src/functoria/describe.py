"""A configuration in words: as text and as JSON. `functoria.picture` has the pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from functoria.branch import branches
from functoria.context import Context
from functoria.graph import Graph, Node
from functoria.impl import Choice, Device, Impl, Reference, label_of
from functoria.key import Key, Stage
from functoria.value import Value
from functoria.walk import children, device_keys, walk

SCHEMA = 1
"""The version of the JSON that `as_json` gives; it grows when a reader could misread it."""

INDENTED = 20
"""How many levels of a tree are indented; below them a number says which level it is.

Nobody counts more by eye, and a chain of 10,000 devices would be 150 MB of indentation."""


def as_text(name: str, graph: Graph, keys: Iterable[Key[Any]], context: Context) -> str:
    """`as_text(...)` is the program's name, its keys, its devices as a tree and its packages."""
    lines = [f"{name}", ""]
    lines += _section("Keys", [_key_line(key, context) for key in keys])
    lines += _section("Devices", _trees(graph, context))
    packages = sorted(str(package) for package in graph.collect(lambda device: device.packages))
    lines += _section("Packages", packages)
    return "\n".join(lines).rstrip() + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines), ""] if lines else []


def _origin(key: Key[Any], context: Context) -> str:
    return "at boot" if key.stage is Stage.BOOT else context.origin(key)


def _key_line(key: Key[Any], context: Context) -> str:
    shown = key.shown(context.get(key))
    return f"--{key.option} {shown}  ({_origin(key, context)})  {key.doc}"


def keys_as_text(keys: Iterable[Key[Any]], context: Context) -> str:
    """`keys_as_text(keys, context)` is a table: option, value, where from, declared where, doc."""
    rows = [("KEY", "VALUE", "FROM", "DECLARED", "MEANING")]
    for key in keys:
        value = "required" if key.required and key.stage is Stage.BOOT else ""
        shown = value or key.shown(context.get(key))
        place = str(key.position) if key.position else "-"
        rows.append((f"--{key.option}", shown, _origin(key, context), place, key.doc))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "".join(
        "  ".join((*(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)), row[4]))
        + "\n"
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line of a tree stands: its level, what lines below it begin with, and its branch."""

    level: int = 0
    below: str = ""
    branch: str = ""

    @property
    def prefix(self) -> str:
        """What the line begins with."""
        number = f"[{self.level}] " if self.level > INDENTED else ""
        return self.below + number + self.branch

    def child(self, *, last: bool) -> _Place:
        """The place of one of its children."""
        rest = {"├─ ": "│  ", "└─ ": "   "}.get(self.branch, "")
        below = self.below + rest if self.level <= INDENTED else self.below
        return _Place(self.level + 1, below, "└─ " if last else "├─ ")


def _trees(graph: Graph, context: Context) -> list[str]:
    """The graph as indented lines, from the roots down; what stands above is not repeated."""
    lines: list[str] = []
    seen: set[Node] = set()
    stack = [(root, _Place()) for root in reversed(graph.roots)]
    while stack:
        node, place = stack.pop()
        again = node in seen and bool(node.edges)
        seen.add(node)
        lines.append(f"{place.prefix}{_summary(node, context)}{'  (above)' if again else ''}")
        edges = () if again else node.edges
        for index, edge in reversed(tuple(enumerate(edges))):
            stack.append((edge, place.child(last=index == len(edges) - 1)))
    return lines


def _summary(node: Node, context: Context) -> str:
    keywords = ", ".join(
        f"{name}={shown}"
        for name, value in node.device.keywords.items()
        if (shown := _shown(value, context)) is not None
    )
    place = f"  {node.position}" if node.position else ""
    call = f"({keywords})" if keywords else ""
    return f"{node.variable}: {node.type}  {node.device.constructor}{call}{place}"


def _shown(value: object, context: Context) -> str | None:
    match value:
        case Key(stage=Stage.BOOT):
            return f"--{value.option}"
        case Key():
            return str(context.get(value))
        case Value():
            return str(value.evaluate(context))
        case Reference():
            return value.name
        case Device() | None:
            return None
        case str() | int() | float() | bool() | tuple():
            return repr(value)
    return None


def choices_as_text(roots: Iterable[Impl], context: Context) -> str:
    """`choices_as_text(roots, context)` is every choice and its ways; `*` is the one taken."""
    lines = []
    for choice in walk(roots, children):
        if not isinstance(choice, Choice):
            continue
        taken = choice.chosen(choice.condition.evaluate(context))
        place = f"  {choice.position}" if choice.position else ""
        lines.append(f"{choice.condition}: {choice.impl_type}{place}")
        for branch, impl in branches(choice):
            mark = "*" if impl is taken else " "
            lines.append(f"  {mark} {branch.name}: {label_of(impl)}")
    return "\n".join(_section("Choices", lines))


def as_data(
    name: str, graph: Graph, keys: Iterable[Key[Any]], context: Context
) -> dict[str, object]:
    """`as_data(...)` is what `as_json` writes, as dictionaries and lists."""
    return {
        "schema": SCHEMA,
        "name": name,
        "keys": [key_data(key, context) for key in keys],
        "devices": [_node_data(node, context) for node in graph.nodes],
        "jobs": [node.variable for node in graph.nodes if node.is_job],
        "packages": sorted(str(p) for p in graph.collect(lambda device: device.packages)),
    }


def to_json(data: object) -> str:
    """`to_json(data)` is JSON as people can read it, and a line break."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_json(name: str, graph: Graph, keys: Iterable[Key[Any]], context: Context) -> str:
    """`as_json(...)` is the same for machines; `schema` is its version."""
    return to_json(as_data(name, graph, keys, context))


def key_data(key: Key[Any], context: Context) -> dict[str, object]:
    """`key_data(key, context)` is a key with its value and where that is from."""
    texts = key.show(context.get(key))
    return {
        "name": key.option,
        "stage": key.stage.value,
        "type": str(key.converter),
        "value": list(texts) if key.repeated else texts[0] if texts else None,
        "origin": context.origin(key),
        "doc": key.doc,
        "position": str(key.position) if key.position else None,
    }


def _node_data(node: Node, context: Context) -> dict[str, object]:
    keywords = {
        name: shown
        for name, value in node.device.keywords.items()
        if (shown := _shown(value, context)) is not None
    }
    return {
        "name": node.variable,
        "device": node.device.name,
        "type": str(node.type),
        "constructor": node.device.constructor,
        "inputs": [child.variable for child in node.inputs],
        "after": [child.variable for child in (*node.keywords.values(), *node.after)],
        "keywords": keywords,
        "keys": [key.option for key in device_keys(node.device)],
        "packages": [str(package) for package in node.device.packages],
        "position": str(node.position) if node.position else None,
    }
