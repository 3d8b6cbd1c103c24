"""Shared libraries: what the interpreter and the extension modules need, and where it goes."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fata.closure.elf import read_elf
from fata.closure.entry import Entry, EntryKind, entry_of_file
from fata.closure.interpreter import Interpreter
from fata.closure.loader import Loader, loader
from functoria.error import UserError


@dataclass(frozen=True, slots=True)
class Place:
    """`Place(host, image)` is a directory to look in, and the one in the image it becomes.

    An empty `image` says that it does not exist there: its libraries go to a trusted directory.
    """

    host: Path
    image: str


@dataclass(slots=True)
class Libraries:
    """`Libraries(interpreter)` collects libraries; `entries` is the outcome, by path."""

    interpreter: Interpreter
    entries: dict[str, Entry] = field(default_factory=dict)
    _seen: set[tuple[Path, str]] = field(default_factory=set)
    _loader: Loader | None = None
    _machine: str = ""

    def add_interpreter(self, image: str) -> None:
        """`add_interpreter(image)` adds the interpreter, its loader and what both need."""
        executable = self.interpreter.executable
        elf = read_elf(executable)
        self._machine = elf.machine
        if elf.interpreter:
            path = Path(elf.interpreter)
            if not path.is_file():
                raise _absent(elf.interpreter, executable.name)
            self._loader = loader(path)
            why = f"{executable.name} is started by it"
            self._enter(elf.interpreter.lstrip("/"), path, EntryKind.INTERPRETER, why)
        self._enter(image, executable, EntryKind.INTERPRETER, "it runs the program")
        self.add(executable, image)

    def add(self, file: Path, image: str, inherited: tuple[Place, ...] = ()) -> None:
        """`add(file, image)` adds what the file at `image` needs, transitively.

        `inherited` are places from DT_RPATH of what loads it (ld.so(8)). Raises `UserError` where a
        library is nowhere to be found.
        """
        if (file, image) in self._seen:
            return
        self._seen.add((file, image))
        elf = read_elf(file)
        own = _places(elf.rpath, file, image)
        passed = () if elf.runpath else (*own, *inherited)
        places = (*passed, *_places(elf.runpath, file, image))
        for soname in elf.needed:
            self._need(soname, places, passed, image)

    def add_loaded(self, soname: str, reason: str) -> None:
        """`add_loaded(soname, reason)` adds a library that is loaded at run time, if it is here."""
        found = self._find(soname, ())
        if found is not None:
            path, image = found
            self._enter(image, path, EntryKind.LIBRARY, reason)
            self.add(path, image)

    def _need(
        self, soname: str, places: tuple[Place, ...], passed: tuple[Place, ...], by: str
    ) -> None:
        if self._loader is not None and soname == self._loader.path.name:
            return
        found = self._find(soname, places)
        if found is None:
            raise _absent(soname, by)
        path, image = found
        self._enter(image, path, EntryKind.LIBRARY, f"needed by {by}")
        self.add(path, image, passed)

    def _find(self, soname: str, places: Iterable[Place]) -> tuple[Path, str] | None:
        for place in places:
            candidate = place.host / soname
            if self._fits(candidate):
                return candidate, self._trusted(soname) if not place.image else (
                    posixpath.join(place.image, soname)
                )
        if self._loader is None:
            return None
        for directory in (*self._loader.trusted, *self._loader.configured):
            if self._fits(Path(directory) / soname):
                return Path(directory) / soname, self._trusted(soname, directory)
        return None

    def _fits(self, candidate: Path) -> bool:
        return candidate.is_file() and read_elf(candidate).machine == self._machine

    def _trusted(self, soname: str, directory: str = "") -> str:
        trusted = self._loader.trusted if self._loader is not None else ("/usr/lib",)
        chosen = directory if directory in trusted else trusted[0]
        return posixpath.join(chosen, soname).lstrip("/")

    def _enter(self, image: str, file: Path, kind: EntryKind, reason: str) -> None:
        known = self.entries.get(image)
        if known is None:
            package = "python" if kind is EntryKind.INTERPRETER else "libraries"
            self.entries[image] = entry_of_file(image, file, kind, reason, package)
        elif isinstance(known.source, Path) and not known.source.samefile(file):
            raise UserError(
                f"two different libraries would be `/{image}` in the image",
                os.fspath(file),
                f"remove one of the packages that bring it: `{known.source}` and `{file}`",
            )


def _places(paths: tuple[str, ...], file: Path, image: str) -> tuple[Place, ...]:
    places = []
    for path in paths:
        text = path.replace("${ORIGIN}", "$ORIGIN")
        if text.startswith("$ORIGIN"):
            below = text.removeprefix("$ORIGIN").lstrip("/")
            inside = posixpath.normpath(posixpath.join(posixpath.dirname(image), below))
            host = Path(os.path.normpath(file.parent / below))
            places.append(Place(host, "" if inside.startswith("..") else inside))
        elif text.startswith("/"):
            places.append(Place(Path(text), ""))
    return tuple(places)


def _absent(soname: str, by: str) -> UserError:
    return UserError(
        f"the shared library `{soname}` is not on this machine, and `{by}` needs it",
        by,
        "install the system package that has it, then build again",
    )
