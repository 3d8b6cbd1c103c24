"""The closure: every file that must be in the image for a program to run, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fata.closure.data import data_entries
from fata.closure.dropped import dropped_names
from fata.closure.entry import Entry, EntryKind, entry_of_bytes
from fata.closure.finder import Finder, Kind, Module, Origin
from fata.closure.graph import Graph, Missing
from fata.closure.interpreter import Interpreter
from fata.closure.libraries import Libraries
from fata.closure.metadata import metadata_entries
from fata.closure.modules import module_entries
from fata.closure.reading import Readers
from fata.closure.roots import APP, roots, stdlib_in_image
from fata.closure.rules import Rules, rules
from fata.closure.strip import stripped
from fata.closure.traced import Trace, read_trace, traced_entries
from fata.closure.walk import Start, Walk
from functoria.error import UserError

MAIN = "fata_main"


@dataclass(frozen=True, slots=True)
class Closure:
    """`Closure(entries, graph, ...)` is the files of an image, sorted by path, and why."""

    entries: tuple[Entry, ...]
    graph: Graph
    dropped: tuple[str, ...]
    """Modules that are on this machine and not in the image; each stands for all below it, too."""
    stripped: tuple[str, ...]
    """The paths of binaries whose symbol tables were removed."""

    @property
    def missing(self) -> tuple[Missing, ...]:
        """`missing` is what third-party code imports, or the user's code may, and is not found."""
        return self.graph.missing

    @property
    def notes(self) -> tuple[str, ...]:
        """`notes` is advice to the user: what will not work in the image without a remedy."""
        return self.graph.notes

    @property
    def weak_dropped(self) -> tuple[str, ...]:
        """`weak_dropped` is the modules that are out as all that import them do without."""
        return tuple(sorted({edge.target for edge in self.graph.weak}))

    @property
    def size(self) -> int:
        """`size` is the bytes of all files."""
        return sum(entry.size for entry in self.entries)

    def sizes(self) -> tuple[tuple[str, int], ...]:
        """`sizes()` is packages and their bytes, the largest first."""
        totals: dict[str, int] = {}
        for entry in self.entries:
            totals[entry.package or ""] = totals.get(entry.package or "", 0) + entry.size
        return tuple(sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])))

    def why(self, name: str) -> tuple[str, ...]:
        """`why(name)` is a shortest chain of reasons for a module, or for a file in the image.

        A file is named by its path or its last part, such as `libssl.so.3`. The first line is
        where the image starts, the last one brings `name` in. It is empty where `name` is not in
        the image.
        """
        if name in self.graph.modules:
            return tuple(
                f"{self.graph.place(edge)} {edge.how} {edge.target}".lstrip()
                for edge in self.graph.chain(name)
            )
        entry = self._entry(name)
        if entry is None:
            return ()
        if entry.module is not None:
            return self.why(entry.module)
        holder = entry.reason.rpartition(" by ")[2] if entry.kind is EntryKind.LIBRARY else ""
        last = f"{entry.path}: {entry.reason}"
        return (*self.why(holder), last) if holder and holder != entry.path else (last,)

    def left_out(self, name: str) -> bool:
        """`left_out(name)` is whether it is a module of this machine that is not in the image."""
        parts = name.split(".")
        prefixes = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
        return not prefixes.isdisjoint(self.dropped)

    def _entry(self, name: str) -> Entry | None:
        path = name.lstrip("/")
        found = (entry for entry in self.entries if entry.path == path)
        short = (entry for entry in self.entries if entry.path.rpartition("/")[2] == path)
        return next(found, None) or next(short, None)


def closure(  # noqa: PLR0913 - each is one of the inputs of an image, and named
    main: Path | bytes,
    *,
    project: Path,
    environment: Path | None,
    interpreter: Interpreter,
    libos: Path,
    start: tuple[str, ...] = (),
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    trace: Path | None = None,
    optimise: int = 0,
    report: Callable[[str], None],
) -> Closure:
    """`closure(main, ...)` is the files that `main` and the modules in `start` need in an image.

    `main` is the program, or its text; it becomes `app/fata_main.pyc`. `libos` is that package's
    own directory. `include` and `exclude` are module names, or `name.*`. Raises `UserError` where
    the user's code imports what is not there or is malformed, or a shared library is missing.
    """
    known = rules()
    seen = read_trace(trace) if trace is not None else Trace()
    places = roots(interpreter, project, environment, libos)
    user = next(place for place in places if place.origin is Origin.USER)
    finder = Finder(interpreter, places)
    file, shown = user.directory / f"{MAIN}.py", _shown(main, user.directory)
    entry = Module(MAIN, Kind.SOURCE, Origin.USER, file, (), user, shown)
    source = main if isinstance(main, bytes) else main.read_bytes()
    beginning = Start(entry, source, start, include, exclude, seen.modules)
    report("finding the modules that the program reaches")
    with Readers(interpreter, known.watched(), optimise) as readers:
        graph = Walk(beginning, interpreter, finder, known, readers).graph()
    report(f"collecting the files of {len(graph.modules)} modules")
    found = _files(graph, known, interpreter, environment, project, seen)
    entries = tuple(sorted(stripped(found), key=lambda e: e.path))
    shrunk = tuple(e.path for e, o in zip(entries, found, strict=True) if e.source is not o.source)
    return Closure(entries, graph, dropped_names(graph, finder), shrunk)


def _shown(main: Path | bytes, project: Path) -> str:
    if isinstance(main, bytes):
        return "main.py"
    path = main.resolve()
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.name


def _files(
    graph: Graph,
    known: Rules,
    interpreter: Interpreter,
    environment: Path | None,
    project: Path,
    seen: Trace,
) -> list[Entry]:
    entries: dict[str, Entry] = {}
    _merge(entries, module_entries(graph, known, interpreter))
    _merge(entries, data_entries(graph, known, interpreter.suffixes))
    _merge(entries, metadata_entries(graph, known, environment))
    _merge(entries, traced_entries(seen.files, project))
    libraries = Libraries(interpreter)
    libraries.add_interpreter(f"usr/bin/python{interpreter.short_version}")
    for path in sorted(entries):
        entry = entries[path]
        if entry.kind in {EntryKind.EXTENSION, EntryKind.LIBRARY} and isinstance(
            entry.source, Path
        ):
            libraries.add(entry.source, path)
    for module, sonames in known.libraries.items():
        if module in graph.modules:
            for soname in sonames:
                libraries.add_loaded(soname, f"loaded at run time for {module}")
    _merge(entries, libraries.entries.values())
    dynload = f"{stdlib_in_image(interpreter)}/lib-dynload"
    if not any(path.startswith(f"{dynload}/") for path in entries):
        why = "the interpreter warns where its directory of extension modules is missing"
        path = f"{dynload}/README"
        entries[path] = entry_of_bytes(
            path, b"No extension module.\n", EntryKind.DATA, why, "python"
        )
    return [entries[path] for path in sorted(entries)]


def _merge(entries: dict[str, Entry], more: Iterable[Entry]) -> None:
    """Add entries; the first one to claim a path keeps it if the contents are the same."""
    for entry in more:
        known = entries.setdefault(entry.path, entry)
        if known is entry or known.content() == entry.content():
            continue
        raise UserError(
            f"two different files would be `/{entry.path}` in the image",
            known.path,
            f"rename or remove one of them: the first is there because {known.reason}, the second "
            f"because {entry.reason}",
        )


__all__ = ["APP", "MAIN", "Closure", "closure"]
