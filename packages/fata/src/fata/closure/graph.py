"""Modules and the imports between them, as the walk found them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fata.closure.finder import Module
from fata.closure.reading import Reading


@dataclass(frozen=True, slots=True)
class Edge:
    """`Edge(importer, line, target, how)` is one reason for `target`; line 0 is not in a file.

    The importer is empty for what the image starts with. `sure` is whether the import happens, and
    must succeed, whenever the importer is loaded.
    """

    importer: str
    line: int
    target: str
    how: str = "imports"
    sure: bool = True

    def key(self) -> tuple[str, int, str, str]:
        """`key()` orders edges."""
        return self.importer, self.line, self.target, self.how


@dataclass(frozen=True, slots=True)
class Missing:
    """`Missing(name, importer, place)` is a module that is imported at `place` and not found."""

    name: str
    importer: str
    place: str
    reason: str = "not found"


@dataclass(frozen=True, slots=True)
class Graph:
    """`Graph(modules, readings, edges, ...)` is every module that is in, with every reason."""

    modules: Mapping[str, Module]
    readings: Mapping[str, Reading]
    edges: frozenset[Edge]
    missing: tuple[Missing, ...] = ()
    weak: tuple[Edge, ...] = ()
    """Forgiven imports that were not followed and whose target nothing else brought in."""
    notes: tuple[str, ...] = ()
    parents: Mapping[str, Edge] = field(default_factory=dict)
    """For each module the last step of a shortest chain from what the image starts with."""

    def chain(self, name: str) -> tuple[Edge, ...]:
        """`chain(name)` is a shortest chain of reasons that ends at `name`; empty if not in."""
        steps: list[Edge] = []
        while name in self.parents and len(steps) <= len(self.parents):
            step = self.parents[name]
            steps.append(step)
            name = step.importer
        return tuple(reversed(steps))

    def place(self, edge: Edge) -> str:
        """`place(edge)` is where the import is written: `asyncio/events.py:12`."""
        module = self.modules.get(edge.importer)
        name = module.title if module is not None else edge.importer
        return f"{name}:{edge.line}" if edge.line else name


def shortest(edges: Iterable[Edge]) -> dict[str, Edge]:
    """`shortest(edges)` is, for each target, the last edge of a shortest chain from the start."""
    outgoing: dict[str, list[Edge]] = {}
    for edge in sorted(edges, key=Edge.key):
        outgoing.setdefault(edge.importer, []).append(edge)
    parents: dict[str, Edge] = {}
    queue = deque([""])
    while queue:
        for edge in outgoing.get(queue.popleft(), ()):
            if edge.target not in parents and edge.target:
                parents[edge.target] = edge
                queue.append(edge.target)
    return parents
