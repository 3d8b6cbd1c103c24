"""Two machines that a program must not be able to tell apart by what is built of it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = frozenset({".git", "dist", "_fata", ".venv", "__pycache__"})
_YEAR = 31_536_000


@dataclass(frozen=True, slots=True)
class Variation:
    """`Variation(path, umask, ...)` is what differs from one build to the next.

    `path` is where the project lies below the run's directory, `age` how old its files are, in
    seconds before a fixed time.
    """

    path: str
    umask: int
    age: int
    variables: Mapping[str, str]


VARIATIONS = (
    Variation(
        "a",
        0o022,
        0,
        {"TZ": "UTC", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1", "USER": "a"},
    ),
    Variation(
        "another/and much longer/place",
        0o077,
        3 * _YEAR,
        {"TZ": "UTC-14", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "2", "USER": "another"},
    ),
)
"""Path, home, umask, age and mode of files, zone, locale, user and the seed of hashes differ."""

_SINCE = 1_700_000_000


def copied(project: Path, target: Path, variation: Variation) -> None:
    """Make `target` a copy of the project as the variation has it, without what is generated."""

    def left_out(_directory: str, names: list[str]) -> set[str]:
        return {name for name in names if name in _LEFT_OUT}

    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(project, target, symlinks=True, ignore=left_out)
    when = _SINCE - variation.age
    for folder, _, names in os.walk(target, topdown=False):
        for path in (*(Path(folder, name) for name in sorted(names)), Path(folder)):
            if not path.is_symlink():
                _grant(path, variation.umask)
            os.utime(path, (when, when), follow_symlinks=False)


def _grant(path: Path, umask: int) -> None:
    """As a checkout with that umask would: it knows only whether a file can be run."""
    runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
    path.chmod((0o777 if runs else 0o666) & ~umask)
