"""Records that a disk has damaged: the last copy of them takes their place."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from enum import StrEnum
from pathlib import Path

from fata.deploy.records.database import BACKUP, BUSY_SECONDS, FILE, VERSION
from fata.deploy.records.records import Wanted
from fata.deploy.release import decode
from fata.deploy.stages import Stage
from functoria.error import UserError

_DAMAGED = "records.damaged.sqlite"


class Restored(StrEnum):
    """What became of records that were damaged, in words."""

    COPY = "the records were damaged: the last copy of them is used"
    ANEW = "the records were damaged, and there is no copy: they begin anew; what runs is left"


def are_whole(root: Path) -> bool:
    """`are_whole(root)` is whether the records know all that runs.

    They do not since a damage, until somebody removes the damaged file, which lies beside them.
    """
    return not (root / _DAMAGED).exists()


def are_damaged(root: Path) -> bool:
    """`are_damaged(root)` is whether there are records, and they cannot be read."""
    path = root / FILE
    return path.exists() and not _sound(path)


def restore(root: Path) -> Restored | None:
    """`restore(root)` is what became of the records; `None` where they were not damaged.

    The damaged file stays beside them. Whoever opens them meanwhile finds the old ones or the new.
    Raises `UserError`.
    """
    if not are_damaged(root):
        return None
    path, copy, new = root / FILE, root / BACKUP, root / f".{FILE}.new"
    try:
        # What a new file would take for its own goes first.
        for end in ("-wal", "-shm"):
            (root / f"{FILE}{end}").unlink(missing_ok=True)
        (root / _DAMAGED).unlink(missing_ok=True)
        if not (copy.exists() and _sound(copy)):
            path.replace(root / _DAMAGED)
            return Restored.ANEW
        os.link(path, root / _DAMAGED)
        shutil.copy(copy, new)
        new.chmod(0o600)
        new.replace(path)
    except OSError as error:
        raise UserError(
            f"the records are damaged, and cannot be replaced: {(error.strerror or '').lower()}",
            str(path),
            "make room on the host's disk, and see that the agent may write there",
        ) from None
    return Restored.COPY


def _sound(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
                return False
            version = connection.execute("PRAGMA user_version").fetchone()
            return version != (VERSION,) or _understood(connection)
    except sqlite3.OperationalError as error:
        # That it cannot be opened now, or is locked, says nothing of what is in it.
        return "malformed" not in str(error)
    except sqlite3.DatabaseError:
        return False


def _understood(connection: sqlite3.Connection) -> bool:
    """Whether what the file says makes sense: SQLite does not see that a text has changed."""
    try:
        for stage, release in connection.execute("SELECT stage, release FROM generations"):
            Stage(stage)
            decode(release, FILE)
        for (wanted,) in connection.execute("SELECT wanted FROM services"):
            Wanted(wanted)
    except (ValueError, TypeError, UserError):
        return False
    return True
