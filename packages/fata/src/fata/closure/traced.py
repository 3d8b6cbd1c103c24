"""A trace: the modules and files that a run of the program was seen to use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fata.closure.entry import Entry, EntryKind, entry_of_file
from fata.closure.roots import APP
from functoria.error import UserError

_UNFIT = ("/proc/", "/sys/", "/dev/", "/run/", "/tmp/", "/etc/")  # noqa: S108 - this machine's own


@dataclass(frozen=True, slots=True)
class Trace:
    """`Trace(modules, files)` is what a run imported, and what it opened for reading, sorted.

    A file below the project is relative to it; others are absolute.
    """

    modules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def read_trace(path: Path) -> Trace:
    """`read_trace(path)` is the trace in a file of JSON. Raises `UserError` if it is none."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        modules, files = raw["modules"], raw["files"]
        if not all(isinstance(entry, str) for entry in (*modules, *files)):
            raise TypeError
        return Trace(tuple(sorted(set(modules))), tuple(sorted(set(files))))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"`{path.name}` is not a trace",
            str(path),
            "record it again with `fata trace`, or build without it",
        ) from error


def traced_entries(files: tuple[str, ...], project: Path) -> Iterator[Entry]:
    """`traced_entries(files, project)` is the files of a trace that still exist.

    A relative one goes below `app`; an absolute one keeps its path.
    """
    for name in files:
        path = project / name
        image = name.lstrip("/") if name.startswith("/") else f"{APP}/{name}"
        inside = ".." not in Path(name).parts and not name.startswith(_UNFIT)
        if inside and path.is_file():
            why = "a run was seen to read it"
            yield entry_of_file(image, path, EntryKind.DATA, why, "app")
