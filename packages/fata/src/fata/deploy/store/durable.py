"""What the disk refuses, and what is on it for certain."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from functoria import UserError


def sync_directory(directory: Path) -> None:
    """Wait until the names in the directory are on the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def reported(what: str, where: Path) -> Iterator[None]:
    """Within `reported(what, where)` what the system refuses is a `UserError` about `what`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"{what}: {reason}",
            str(where),
            "make room on the host with `fata prune`, or look at its disk; nothing was left half "
            "written, so the command can be run again",
        ) from None
