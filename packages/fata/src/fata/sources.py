"""Whether what was built is still what the project says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from fata.image.manifest import FILE_NAME, Manifest, ProjectFile
from fata.needs import Directory
from fata.project import Project
from functoria.key import Stage

_HASHED_BYTES = 4_000_000
"""What is read at most of files that were touched: a run is not held up by a large one."""


def key_texts(project: Project) -> dict[str, str]:
    """`key_texts(project)` is the configure keys with their values as text, by option."""
    values = {
        key.option: " ".join(key.show(project.context.get(key)))
        for key in project.keys
        if key.stage is Stage.CONFIGURE and project.context.get(key) is not None
    }
    return dict(sorted(values.items()))


def changed(project: Project, made: Manifest) -> tuple[str, ...]:
    """`changed(project, manifest)` is what differs from what was built: files, and `--key`s.

    A file that is older than the manifest and has the size that is recorded is taken for the same
    without being read; so are touched files once 4 MB have been compared.
    """
    try:
        built = (project.output / FILE_NAME).stat().st_mtime_ns
    except OSError:
        return ()
    found = [
        f"--{name}" for name, text in key_texts(project).items() if made.keys.get(name) != text
    ]
    room = _HASHED_BYTES
    for record in made.project:
        differs, cost = _differs(project.directory, record, built, room)
        room -= cost
        if differs:
            found.append(record.path)
    known = {record.path for record in made.project}
    found += [name for name in _listed(project) if name not in known]
    return tuple(found)


def _differs(directory: Path, record: ProjectFile, built: int, room: int) -> tuple[bool, int]:
    path = directory / record.path
    try:
        status = path.stat()
        if status.st_size != record.size:
            return True, 0
        if status.st_mtime_ns <= built or status.st_size > room:
            return False, 0
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return True, 0
    return digest != record.sha256, status.st_size


def _listed(project: Project) -> Iterator[str]:
    """The files that are in the directories which the image carries."""
    if project.target == "unix":
        return
    for need in project.graph.collect(lambda device: device.needs):
        if isinstance(need, Directory):
            for folder, folders, files in os.walk(project.directory / need.source):
                folders.sort()
                place = Path(folder).relative_to(project.directory)
                yield from sorted((place / name).as_posix() for name in files)
