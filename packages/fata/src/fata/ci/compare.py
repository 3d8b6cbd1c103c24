"""Whether two directories hold the same, byte for byte."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_LOCAL = (".xl", ".libvirt.xml")
"""How files end that name the image by its path, since they start it on the machine it is on."""


@dataclass(frozen=True, slots=True)
class Build:
    """`Build(place, output)` is what was built, and the project's directory there."""

    place: Path
    output: Path


@dataclass(frozen=True, slots=True)
class Difference:
    """`Difference(path, what)` is the first file in which two directories differ, and how."""

    path: str
    what: str


def difference(one: Build, other: Build) -> Difference | None:
    """`difference(one, other)` is the first difference, by the names of files; `None` if none."""
    here, there = _files(one.output), _files(other.output)
    for path in sorted(here | there):
        if path not in there:
            return Difference(path, "is made by the first build only")
        if path not in here:
            return Difference(path, "is made by the second build only")
        what = _differs(one, other, path)
        if what is not None:
            return Difference(path, what)
    return None


def _files(directory: Path) -> set[str]:
    found: set[str] = set()
    for folder, _, names in os.walk(directory):
        found.update(Path(folder, name).relative_to(directory).as_posix() for name in names)
    return found


def _differs(one: Build, other: Build, path: str) -> str | None:
    left, right = one.output / path, other.output / path
    if left.is_symlink() or right.is_symlink():
        same = left.is_symlink() and right.is_symlink() and left.readlink() == right.readlink()
        return None if same else "leads to different places"
    a, b = _content(one, left), _content(other, right)
    return None if a == b else _where(a, b)


def _content(build: Build, file: Path) -> bytes:
    content = file.read_bytes()
    if file.name.endswith(_LOCAL):
        return content.replace(os.fsencode(build.place), b"@PLACE@")
    return content


def _where(a: bytes, b: bytes) -> str:
    for offset, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return f"differs at byte {offset}"
    return f"ends at byte {min(len(a), len(b))} of one build only"
