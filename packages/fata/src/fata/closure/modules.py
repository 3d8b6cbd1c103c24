"""The files that modules are loaded from in the image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fata.closure.entry import Entry, EntryKind, entry_of_bytes, entry_of_file
from fata.closure.finder import Kind, Module, Origin
from fata.closure.graph import Graph
from fata.closure.interpreter import Interpreter
from fata.closure.rules import Rules, any_matches

LANDMARK = "os"  # frozen, but its file is how the interpreter finds its own library


def module_entries(graph: Graph, rules: Rules, interpreter: Interpreter) -> Iterator[Entry]:
    """`module_entries(graph, rules, interpreter)` is a file, or two, for each module of a graph.

    Source becomes bytecode alone, except where a rule says that the module reads its own source.
    Frozen and built-in modules are in the interpreter and need none.
    """
    for name in sorted(graph.modules):
        module = graph.modules[name]
        if module.path is None and name not in graph.readings:
            continue
        if module.kind is Kind.SOURCE or name == LANDMARK:
            reading = graph.readings[name]
            if reading.error:
                continue
            if any_matches(rules.keep_source, name) and module.path is not None:
                yield from _with_source(graph, module, module.path, interpreter)
            else:
                yield _made(graph, module, f"{image_path(module)}c", reading.bytecode)
        elif module.kind in {Kind.EXTENSION, Kind.BYTECODE} and module.path is not None:
            kind = EntryKind.EXTENSION if module.kind is Kind.EXTENSION else EntryKind.MODULE
            facts = (reason(graph, name), package_of(module), name)
            yield entry_of_file(image_path(module), module.path, kind, *facts)


def image_path(module: Module) -> str:
    """`image_path(module)` is where the module's own file would be in the image."""
    return f"{module.root.image}/{module.relative}" if module.root else module.relative


def package_of(module: Module) -> str:
    """`package_of(module)` is what the module's size is accounted to."""
    if module.origin is Origin.STDLIB:
        return "python"
    return "app" if module.origin is Origin.USER else module.name.partition(".")[0]


def reason(graph: Graph, name: str) -> str:
    """`reason(graph, name)` is the nearest cause of a module's presence, in words."""
    edge = graph.parents.get(name)
    if edge is None:
        return "the image starts with it"
    if not edge.importer:
        return f"{edge.how} it"
    return f"{graph.place(edge)} {edge.how} it"


def _made(graph: Graph, module: Module, path: str, content: bytes) -> Entry:
    facts = (reason(graph, module.name), package_of(module), module.name)
    return entry_of_bytes(path, content, EntryKind.MODULE, *facts)


def _with_source(
    graph: Graph, module: Module, source: Path, interpreter: Interpreter
) -> Iterator[Entry]:
    path = PurePosixPath(image_path(module))
    cached = path.parent / "__pycache__" / f"{path.stem}.{interpreter.cache_tag}.pyc"
    yield _made(graph, module, str(path), source.read_bytes())
    yield _made(graph, module, str(cached), graph.readings[module.name].bytecode)
