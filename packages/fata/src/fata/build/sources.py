"""The files of the project that a build is made from, as its manifest records them."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from fata.build.prepare import LOCK_FILE, TRACE_FILE, Prepared, collect_needs
from fata.closure.finder import Origin
from fata.devices.target import UNIX
from fata.image.manifest import ProjectFile
from fata.needs import Directory


def project_files(prepared: Prepared) -> tuple[ProjectFile, ...]:
    """`project_files(prepared)` is the files of the project that the build depends on, sorted.

    For a process these are the configuration and what it imports, as the program's own modules
    are read where they lie.
    """
    directory = prepared.project.directory
    found = {prepared.project.config.absolute(), *_imported(directory)}
    if prepared.project.target != UNIX:
        found.update(_packed(prepared))
    files = sorted(path for path in found if path.is_file() and path.is_relative_to(directory))
    return tuple(_file(directory, path) for path in files)


def _file(directory: Path, path: Path) -> ProjectFile:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return ProjectFile(path.relative_to(directory).as_posix(), len(content), digest)


def _imported(directory: Path) -> Iterator[Path]:
    """What the configuration imported from beside it."""
    for name in list(sys.modules):
        base = directory.joinpath(*name.split("."))
        yield from (base.with_name(f"{base.name}.py"), base / "__init__.py")


def _packed(prepared: Prepared) -> Iterator[Path]:
    directory = prepared.project.directory
    yield directory / LOCK_FILE
    yield directory / TRACE_FILE
    for module in prepared.closure.graph.modules.values():
        if module.origin is Origin.USER and module.path is not None:
            yield module.path
    for need in collect_needs(prepared.project):
        if isinstance(need, Directory):
            yield from (directory / need.source).rglob("*")
