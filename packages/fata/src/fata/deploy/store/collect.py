"""What of the store no release needs any more, found first and removed afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.store import durable
from fata.deploy.store.blobs import BLOBS, Blobs

IN_FLIGHT = 3600.0
"""Seconds in which a file may have arrived for a release that is not written down yet."""

UNFINISHED = 24 * 3600.0
"""Seconds after which nobody comes back to finish what began to arrive."""


@dataclass(frozen=True, slots=True)
class Removal:
    """`Removal(path, size, why)` is a file that may go, with its bytes and the reason.

    `age` is how many seconds it must have been untouched.
    """

    path: Path
    size: int
    why: str
    age: float


def collect(blobs: Blobs, pinned: Set[str], now: float) -> tuple[Removal, ...]:
    """`collect(blobs, pinned, now)` is the files to remove, in order of their names.

    `pinned` are the digests that live and kept releases name, `now` is in seconds of the epoch. A
    file that is new, or has just been asked for, is not among them.
    """
    stored = (
        _removal(path, IN_FLIGHT, "no release that is live or kept needs it")
        for path in _files(blobs.directory / BLOBS)
        if path.name not in pinned
    )
    begun = (
        _removal(path, UNFINISHED, "it began to arrive, and did not come whole in a day")
        for path in _files(blobs.incoming)
        if not path.name.startswith(".lock")
    )
    return tuple(
        removal
        for removal in (*stored, *begun)
        if removal is not None and _untouched(removal, now) is not None
    )


def remove(blobs: Blobs, plan: Iterable[Removal], now: float) -> tuple[Removal, ...]:
    """`remove(blobs, plan, now)` is those that are gone now: what was touched since stays."""
    gone = []
    with blobs.locked(fcntl.LOCK_EX):
        for removal in plan:
            if _untouched(removal, now) is None or not _idle(removal.path):
                continue
            with durable.reported("it cannot be removed", removal.path):
                removal.path.unlink(missing_ok=True)
            gone.append(removal)
        for directory in sorted({removal.path.parent for removal in gone}):
            durable.sync_directory(directory)
    return tuple(gone)


def _files(directory: Path) -> list[Path]:
    return sorted(directory.iterdir()) if directory.is_dir() else []


def _removal(path: Path, age: float, why: str) -> Removal | None:
    with contextlib.suppress(OSError):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            return Removal(path, status.st_size, why, age)
    return None


def _untouched(removal: Removal, now: float) -> float | None:
    """The seconds since the file was touched, where they are enough."""
    try:
        age = now - removal.path.lstat().st_mtime
    except OSError:
        return None
    return age if age >= removal.age else None


def _idle(path: Path) -> bool:
    """Whether no transfer has the file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
