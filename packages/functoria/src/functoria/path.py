"""Paths: how a reader finds a device in the graph, from the job that needs it."""

from __future__ import annotations

from collections.abc import Mapping

from functoria.graph import Graph, Node

ARROW = " > "
_SHOWN = 6


def paths(graph: Graph) -> Mapping[Node, str]:
    """`paths(graph)` is names from a root to each node, such as `website > http > stack`.

    The path is a shortest one, and the first of those in the order of the configuration. In the
    middle of a long one names are left out.
    """
    parents: dict[Node, Node | None] = dict.fromkeys(graph.roots)
    queue = list(parents)
    for node in queue:  # it grows as the walk goes on: breadth first
        for edge in node.edges:
            if edge not in parents:
                parents[edge] = node
                queue.append(edge)
    depths: dict[Node, int] = {}
    for node in queue:
        parent = parents[node]
        depths[node] = 1 if parent is None else depths[parent] + 1
    return {node: _path(node, parents, depths[node]) for node in queue}


def _path(node: Node, parents: Mapping[Node, Node | None], depth: int) -> str:
    names: list[str] = []
    at: Node | None = node
    while at is not None and (depth <= _SHOWN or len(names) < _SHOWN - 1):
        names.append(at.variable)
        at = parents[at]
    return ARROW.join(("...", *reversed(names)) if at is not None else reversed(names))
