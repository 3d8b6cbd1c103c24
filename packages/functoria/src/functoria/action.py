"""Effects as data: what a command will do to files, shown or done.

A plan is a tuple of actions, each of another path. `run` does them, one interpreter for all;
`shown` says them. A file that does not carry the mark of the generator is never overwritten and
never removed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from functoria.error import UserError
from functoria.position import from_here
from functoria.regular import read_regular


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Make `path` hold `content`. With a `mark`, only over a file whose head has that mark."""

    path: Path
    content: bytes
    mark: bytes | None = None
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """Remove `path`, if it is there and its head has the `mark`."""

    path: Path
    mark: bytes | None = None


@dataclass(frozen=True, slots=True)
class RemoveDirectory:
    """Remove the directory `path`, if it is there and empty."""

    path: Path


Action = WriteFile | RemoveFile | RemoveDirectory

_HEAD = 512


def shown(action: Action) -> str:
    """`shown(action)` is the action as a line for its reader."""
    path = from_here(action.path)
    match action:
        case WriteFile():
            return f"write {path} ({len(action.content)} bytes)"
        case RemoveFile():
            return f"remove {path}"
        case RemoveDirectory():
            return f"remove {path}, if it is empty"


def needed(plan: Iterable[Action]) -> tuple[Action, ...]:
    """`needed(plan)` is the actions that would change something.

    Directories that are there are among them: whether they will be empty, the rest decides.
    """
    return tuple(action for action in plan if not _done(action))


def run(plan: Iterable[Action]) -> tuple[Action, ...]:
    """`run(plan)` is the actions that had something to do, now done.

    Every file is checked before the first is touched. Raises `UserError` for a file that was not
    generated, and where the system refuses.
    """
    actions = needed(plan)
    check(actions)
    for action in actions:
        try:
            _do(action)
        except OSError as error:
            raise UserError(
                f"cannot {shown(action)}: {error.strerror}",
                from_here(action.path),
                "make room or give yourself the right to write there, then run the command again; "
                "what was there before is still usable",
            ) from None
    return actions


def check(plan: Iterable[Action]) -> None:
    """Raise `UserError` for a file that the plan would change and that was not generated."""
    for action in needed(plan):
        _check(action)


def _done(action: Action) -> bool:
    match action:
        case WriteFile():
            return _read(action.path) == action.content
        case RemoveFile():
            return not (action.path.is_file() or action.path.is_symlink())
        case RemoveDirectory():
            return not action.path.is_dir()


def _read(path: Path) -> bytes | None:
    try:
        return read_regular(path)
    except OSError:
        return None


def marked(path: Path, mark: bytes) -> bool:
    """`marked(path, mark)` is whether the head of the file bears the mark of a generator."""
    try:
        return mark in read_regular(path, _HEAD)
    except OSError:
        return False


def _check(action: Action) -> None:
    if isinstance(action, RemoveDirectory) or action.mark is None:
        return
    if os.path.lexists(action.path) and not marked(action.path, action.mark):
        raise UserError(
            f"{from_here(action.path)} was not generated, and is left as it is",
            from_here(action.path),
            "move the file away, then run the command again",
        )


def _do(action: Action) -> None:
    match action:
        case WriteFile():
            write_file(action.path, action.content, action.mode)
        case RemoveFile():
            action.path.unlink(missing_ok=True)
        case RemoveDirectory():
            with contextlib.suppress(OSError):
                action.path.rmdir()


def write_file(path: Path, content: bytes, mode: int = 0o644, *, alone: bool = False) -> None:
    """Make `path` hold `content` wholly or not at all: a temporary file, fsync, rename.

    When it returns, the file is there also after a loss of power. Whoever is killed leaves the
    temporary file. Where the caller is `alone`, as one who has a lock, the next one takes it away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = own_temporary(path) if alone else _any_temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def own_temporary(path: Path) -> tuple[int, Path]:
    """`own_temporary(path)` is a new file beside `path`, open for writing, and where it is.

    It has the same name each time: one that was left there goes.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(temporary, flags, 0o600), temporary


def _any_temporary(path: Path) -> tuple[int, Path]:
    import tempfile

    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    return handle, Path(temporary)
