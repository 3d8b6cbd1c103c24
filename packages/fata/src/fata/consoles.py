"""The consoles of past and present runs: a file for each, a few kept, the latest linked."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

from functoria import UserError

LATEST = "console.log"
"""A link to the console of the run that was started last."""

KEPT = 8

_NAME = re.compile(r"console-([0-9]{1,9})\.log")


@contextlib.contextmanager
def console(directory: Path) -> Iterator[Path]:
    """`console(directory)` is a new file for the console of one run, which goes on meanwhile.

    Of earlier runs the last few are kept, and those that still go on. Raises `UserError` where no
    file can be made.
    """
    try:
        path, file = _new(directory)
    except OSError as error:
        raise UserError(
            f"the console file cannot be written: {(error.strerror or str(error)).lower()}",
            str(directory),
            "make room or give yourself the right to write there, or name another file with "
            "`--console`",
        ) from None
    try:
        # Held while the run goes on, so that no other run removes the file.
        fcntl.flock(file, fcntl.LOCK_SH)
        with contextlib.suppress(OSError):
            _link(directory, path)
            _sweep(directory)
        yield path
    finally:
        os.close(file)


def consoles(directory: Path) -> tuple[Path, ...]:
    """`consoles(directory)` is the files of runs there, the earliest first, and then the link."""
    found = _numbered(directory)
    link = directory / LATEST
    return (*(path for _, path in found), *((link,) if link.is_symlink() else ()))


def _numbered(directory: Path) -> list[tuple[int, Path]]:
    matches = ((_NAME.fullmatch(path.name), path) for path in directory.glob("console-*.log"))
    return sorted((int(match[1]), path) for match, path in matches if match)


def _new(directory: Path) -> tuple[Path, int]:
    number = max((number for number, _ in _numbered(directory)), default=0)
    while True:
        number += 1
        path = directory / f"console-{number}.log"
        with contextlib.suppress(FileExistsError):
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _link(directory: Path, path: Path) -> None:
    if (directory / LATEST).exists() and not (directory / LATEST).is_symlink():
        return  # somebody else's
    temporary = directory / f".{path.name}.link"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(path.name)
    temporary.replace(directory / LATEST)


def _sweep(directory: Path) -> None:
    for _, path in _numbered(directory)[:-KEPT]:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        except BlockingIOError:
            continue  # that guest still runs
        finally:
            os.close(file)
