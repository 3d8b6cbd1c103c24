"""What each device takes in an image: the bytes of the files that are its own, and only those."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fata.image.manifest import FILE_NAME, FileRecord, Manifest, read
from fata.needs import Directory
from functoria import Device, Graph, Reference
from functoria.picture import Annotation

SIZE = "in the image"
"""The name of the annotation."""

_NOBODYS = ("python", "libraries")
"""Packages of records that belong to the interpreter, whoever is the first to import them."""


def of_devices(
    graph: Graph, output: Path, shown: Callable[[int], str]
) -> dict[str, tuple[Annotation, ...]]:
    """`of_devices(graph, output, shown)` is what the image last built there says of the devices.

    They are by variable; `shown` makes text of a number of bytes. Nothing if no image was built.
    Raises `UserError` if its manifest is damaged.
    """
    if not (output / FILE_NAME).exists():
        return {}
    found = sizes(graph, read(output))
    return {variable: (Annotation(SIZE, shown(size), size),) for variable, size in found.items()}


def sizes(graph: Graph, made: Manifest) -> dict[str, int]:
    """`sizes(graph, manifest)` is the bytes of each device's own files, before compression.

    A device's own are its module with what is below it, the modules of the user's that it is
    given, its packages, and the directories that it packs. A file that two devices can claim is
    charged to neither, and Python's is charged to nobody: so the sizes add up to less than the
    image. Devices without files of their own are left out.
    """
    claims = _Claims(graph)
    found: Counter[str] = Counter()
    for record in made.files:
        owners = claims.owners(record)
        if len(owners) == 1 and record.package not in _NOBODYS:
            found[owners.pop()] += record.size
    return {node.variable: found[node.variable] for node in graph.nodes if found[node.variable]}


class _Claims:
    """What the devices of a graph say is theirs."""

    def __init__(self, graph: Graph) -> None:
        self._modules: dict[str, set[str]] = {}
        self._packages: dict[str, set[str]] = {}
        self._directories: dict[str, set[str]] = {}
        for node in graph.nodes:
            _add(self._modules, _modules(node.device), node.variable)
            names = (package_name(str(package)) for package in node.device.packages)
            _add(self._packages, names, node.variable)
            places = (need.at for need in node.device.needs if isinstance(need, Directory))
            _add(self._directories, places, node.variable)

    def owners(self, record: FileRecord) -> set[str]:
        """The devices that claim a file."""
        found: set[str] = set()
        if record.module is not None:
            found |= self._of_module(record.module)
        if record.package is not None:
            found |= self._packages.get(package_name(record.package), set())
        for parent in _parents(record.path, "/"):
            found |= self._directories.get(parent, set())
        return found

    def _of_module(self, module: str) -> set[str]:
        """Who claims the module, or else the nearest package around it that is not a whole tree."""
        for parent in _parents(module, "."):
            if parent in self._modules and (parent == module or "." in parent):
                return self._modules[parent]
        return set()


def _add(claims: dict[str, set[str]], names: Iterable[str], variable: str) -> None:
    for name in names:
        claims.setdefault(name, set()).add(variable)


def _modules(device: Device) -> Iterator[str]:
    yield Reference(device.constructor).module
    for value in device.keywords.values():
        if isinstance(value, Reference):
            yield value.module


def _parents(name: str, separator: str) -> Iterator[str]:
    """The name, then what contains it, from the inside out."""
    while name:
        yield name
        name = name.rpartition(separator)[0]


def package_name(requirement: str) -> str:
    """`package_name("Typing_Extensions>=4")` is `typing-extensions` (PEP 503, PEP 508)."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).strip("-").lower() if found else ""
