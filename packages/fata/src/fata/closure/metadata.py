"""Distributions' metadata, for programs that look up versions and entry points."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from fata.closure.entry import Entry, EntryKind, entry_of_bytes
from fata.closure.finder import Origin
from fata.closure.graph import Graph
from fata.closure.roots import APP
from fata.closure.rules import Rules, any_matches
from fata.requirements.requirement import normal_name

READERS = ("importlib.metadata", "importlib_metadata", "pkg_resources")


def metadata_entries(graph: Graph, rules: Rules, environment: Path | None) -> Iterator[Entry]:
    """`metadata_entries(graph, rules, environment)` is the metadata that can be asked for.

    A distribution's is in if a package of its own imports a reader of metadata, or if code that
    does so or a rule names it; all are in if the user's own code imports one. The long description
    is left out.
    """
    if environment is None:
        return
    askers = {
        graph.modules[edge.importer]
        for edge in graph.edges
        if edge.target in READERS and edge.importer in graph.modules
    }
    named = {
        normal_name(name)
        for module in askers
        if module.name in graph.readings
        for name in graph.readings[module.name].distributions
    }
    everyone = any(module.origin is Origin.USER for module in askers)
    tops = {module.name.partition(".")[0] for module in askers}
    present = {m.name for m in graph.modules.values() if m.origin is Origin.THIRD_PARTY}
    for directory in sorted(environment.glob("*.dist-info")):
        packages = _packages(directory) & present
        asked = everyone or packages & tops or any(any_matches(rules.metadata, p) for p in packages)
        known = normal_name(directory.name.partition("-")[0]) in named
        if known or (packages and asked):
            yield from _entries(directory)


def _entries(directory: Path) -> Iterator[Entry]:
    for name in ("METADATA", "entry_points.txt"):
        try:
            content = (directory / name).read_bytes()
        except OSError:
            continue
        if name == "METADATA":
            content = content.partition(b"\n\n")[0] + b"\n"
        package = directory.name.partition("-")[0]
        path = f"{APP}/{directory.name}/{name}"
        why = f"the metadata of {package} is looked up"
        yield entry_of_bytes(path, content, EntryKind.METADATA, why, package)


def _packages(directory: Path) -> set[str]:
    """The top-level names that a distribution installed, by its RECORD (PEP 376)."""
    try:
        text = (directory / "RECORD").read_text(encoding="utf-8", errors="replace")
        rows = list(csv.reader(text.splitlines()))
    except (OSError, csv.Error):
        return set()
    firsts = {row[0].partition("/")[0] for row in rows if row}
    return {first.partition(".")[0] for first in firsts if not first.endswith("-info")}
