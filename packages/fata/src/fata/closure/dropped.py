"""Modules that could have been in the image: what libos names when one of them is imported."""

from __future__ import annotations

from fata.closure.finder import Finder, Origin
from fata.closure.graph import Graph

_UNFIT = frozenset({"test", "idlelib", "lib2to3", "turtledemo"})


def dropped_names(graph: Graph, finder: Finder) -> tuple[str, ...]:
    """`dropped_names(graph, finder)` is the modules that are here and not in the image, sorted.

    A name stands for everything below it; a package that is in part in is listed by its missing
    submodules.
    """
    tops: set[str] = set()
    for origin in (Origin.STDLIB, Origin.THIRD_PARTY):
        tops |= set(finder.top_level(origin))
    dropped: set[str] = set()
    queue = sorted(tops - _UNFIT)
    while queue:
        name = queue.pop()
        module = finder.find(name)
        if module is None:
            continue
        if name not in graph.modules:
            dropped.add(name)
        elif module.is_package:
            queue += finder.children(module)
    return tuple(sorted(dropped))
