"""Where a module is, found by looking and never by importing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from fata.closure.interpreter import Interpreter


class Kind(Enum):
    """`Kind` is what a module is made of."""

    SOURCE = "source"
    EXTENSION = "extension"
    BYTECODE = "bytecode"
    NAMESPACE = "namespace"
    BUILTIN = "builtin"
    FROZEN = "frozen"


class Origin(Enum):
    """`Origin` is whose a module is: it decides what a failure to import means."""

    USER = "user"
    LIBOS = "libos"
    THIRD_PARTY = "third-party"
    STDLIB = "stdlib"


@dataclass(frozen=True, slots=True)
class Root:
    """`Root(directory, origin, image, only)` is one place to look, and where it is in the image.

    `only` restricts it to one top-level name; empty is no restriction.
    """

    directory: Path
    origin: Origin
    image: str
    only: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """`Module(name, kind, origin, ...)` is a module that was found.

    `path` is `None` for what is in the interpreter or is a namespace; `search` is where its
    submodules are looked for, empty unless it is a package; `root` is where it was found; `shown`
    replaces its name in messages.
    """

    name: str
    kind: Kind
    origin: Origin
    path: Path | None = None
    search: tuple[Path, ...] = ()
    root: Root | None = None
    shown: str = ""

    @property
    def title(self) -> str:
        """`title` is the file's name in tracebacks and messages: `asyncio/events.py`."""
        return self.shown or self.relative

    @property
    def is_package(self) -> bool:
        """`is_package` is whether it can have submodules."""
        return bool(self.search)

    @property
    def relative(self) -> str:
        """`relative` is its file below its root: `asyncio/events.py`."""
        if self.path is None or self.root is None:
            return self.name
        return self.path.relative_to(self.root.directory).as_posix()


class Finder:
    """`Finder(interpreter, roots)` finds modules as the guest's import system will.

    Built-in and frozen modules come first, then the roots in order. Directories are read once.
    """

    def __init__(self, interpreter: Interpreter, roots: Sequence[Root]) -> None:
        self.roots = tuple(roots)
        self._builtins = frozenset(interpreter.builtins)
        self._frozen = frozenset(interpreter.frozen)
        self._suffixes = interpreter.suffixes
        self._found: dict[str, Module | None] = {}
        self._listings: dict[Path, dict[str, bool]] = {}
        self._holders: dict[Path, Root | None] = {}

    def find(self, name: str) -> Module | None:
        """`find(name)` is the module called `name`, or `None`. The name is absolute and dotted."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def children(self, module: Module) -> tuple[str, ...]:
        """`children(module)` is the full names of its direct submodules, sorted."""
        names = {child for place in module.search for child in self._names(place)}
        return tuple(f"{module.name}.{child}" for child in sorted(names))

    def top_level(self, origin: Origin) -> tuple[str, ...]:
        """`top_level(origin)` is every name that can be imported from the roots of `origin`."""
        places = [r for r in self.roots if r.origin is origin]
        names = {n for r in places for n in self._names(r.directory) if r.only in {"", n}}
        return tuple(sorted(names))

    def _find(self, name: str) -> Module | None:
        parent_name, _, last = name.rpartition(".")
        if not parent_name:
            return self._top(name)
        parent = self.find(parent_name)
        if parent is None or not parent.is_package:
            return None
        frozen = parent.origin is Origin.STDLIB and name in self._frozen
        root_of = {place: self._root_of(place) for place in parent.search}
        places = [(place, root) for place, root in root_of.items() if root is not None]
        return self._look(name, last, places, frozen=frozen)

    def _top(self, name: str) -> Module | None:
        if name in self._builtins:
            return Module(name, Kind.BUILTIN, Origin.STDLIB)
        places = [(r.directory, r) for r in self.roots if r.only in {"", name}]
        frozen = name in self._frozen
        if frozen:
            places = [(d, r) for d, r in places if r.origin is Origin.STDLIB]
        return self._look(name, name, places, frozen=frozen)

    def _look(
        self, name: str, last: str, places: Sequence[tuple[Path, Root]], *, frozen: bool
    ) -> Module | None:
        portions: list[tuple[Path, Root]] = []
        for place, root in places:
            entries = self._entries(place)
            if entries.get(last):
                package = self._package(name, place / last, root)
                if package is not None:
                    return _as_frozen(package) if frozen else package
                portions.append((place / last, root))
            found = self._file(name, last, place, root, entries)
            if found is not None:
                return _as_frozen(found) if frozen else found
        if frozen:
            return Module(name, Kind.FROZEN, Origin.STDLIB)
        if portions:
            search = tuple(path for path, _ in portions)
            return Module(name, Kind.NAMESPACE, portions[0][1].origin, None, search, portions[0][1])
        return None

    def _package(self, name: str, directory: Path, root: Root) -> Module | None:
        entries = self._entries(directory)
        found = self._file(name, "__init__", directory, root, entries)
        if found is None:
            return None
        return Module(name, found.kind, found.origin, found.path, (directory,), root)

    def _file(
        self, name: str, last: str, place: Path, root: Root, entries: dict[str, bool]
    ) -> Module | None:
        for suffix in self._suffixes:
            if entries.get(last + suffix) is False:
                return Module(name, Kind.EXTENSION, root.origin, place / (last + suffix), (), root)
        for suffix, kind in ((".py", Kind.SOURCE), (".pyc", Kind.BYTECODE)):
            if entries.get(last + suffix) is False:
                return Module(name, kind, root.origin, place / (last + suffix), (), root)
        return None

    def _names(self, place: Path) -> set[str]:
        names = set()
        for entry, is_directory in self._entries(place).items():
            stem = entry.partition(".")[0] if not is_directory else entry
            suffix = entry[len(stem) :]
            known = is_directory or suffix in {".py", ".pyc"} or suffix in self._suffixes
            if known and stem.isidentifier() and not stem.startswith("__"):
                names.add(stem)
        return names

    def _entries(self, place: Path) -> dict[str, bool]:
        """The names in a directory, and whether each is a directory itself."""
        known = self._listings.get(place)
        if known is None:
            try:
                with os.scandir(place) as entries:
                    known = {entry.name: entry.is_dir() for entry in entries}
            except OSError:
                known = {}
            self._listings[place] = known
        return known

    def _root_of(self, place: Path) -> Root | None:
        if place not in self._holders:
            holders = [root for root in self.roots if place.is_relative_to(root.directory)]
            deepest = max(holders, key=lambda r: len(r.directory.parts), default=None)
            self._holders[place] = deepest
        return self._holders[place]


def _as_frozen(module: Module) -> Module:
    return Module(module.name, Kind.FROZEN, Origin.STDLIB, module.path, module.search, module.root)
