"""Changes to a directory that are whole after a crash: files, and a journal of several changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

JOURNAL = "journal"


def write_file(path: str, content: bytes) -> None:
    """Write a new file, which is on the medium when this returns, though its name may not be."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(file)


def sync_directories(paths: Iterable[str]) -> None:
    """The names in these directories are on the medium when this returns."""
    for path in paths:
        try:
            file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):  # noted in the directory above
            continue
        try:
            os.fsync(file)
        finally:
            os.close(file)


def remove_tree(path: str) -> None:
    """Remove a directory with all that is in it; links are removed and not followed."""
    for above, directories, files in os.walk(path, topdown=False):
        for name in files:
            os.unlink(f"{above}/{name}")
        for name in directories:
            below = f"{above}/{name}"
            if os.path.islink(below):
                os.unlink(below)
            else:
                os.rmdir(below)
    os.rmdir(path)


def prune(path: str, root: str) -> str:
    """`prune(path, root)` is the nearest directory that is not empty, those below it removed."""
    while path != root:
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass
        except OSError:
            break
        path = os.path.dirname(path)
    return path


def write_journal(staging: str, removed: Iterable[str], put: Iterable[tuple[str, str]]) -> None:
    """Note what `replay` is to do: names to remove, and staged files with their later names."""
    fields = [field for name in removed for field in ("remove", name)]
    fields += [field for staged, name in put for field in ("put", staged, name)]
    new = f"{staging}/{JOURNAL}.new"
    write_file(new, "\0".join(fields).encode())
    try:
        os.rename(new, f"{staging}/{JOURNAL}")
    except BaseException:
        os.unlink(new)
        raise
    sync_directories([staging])


def drop_journal(staging: str) -> None:
    """There is no journal when this returns, not even on the medium."""
    try:
        os.unlink(f"{staging}/{JOURNAL}")
    except FileNotFoundError:
        return
    sync_directories([staging])


def replay(staging: str, root: str) -> None:
    """Make the changes of a journal, if there is one, which may have been made in part.

    Names are relative to `root`. When this returns, they are on the medium and the journal is
    gone.
    """
    journal = f"{staging}/{JOURNAL}"
    try:
        with open(journal, "rb") as file:
            fields = iter(file.read().decode().split("\0"))
    except FileNotFoundError:
        return
    touched = {root}
    for action in fields:
        if action == "remove":
            touched.add(_remove(f"{root}/{next(fields)}", root))
        else:
            staged, path = f"{staging}/{next(fields)}", f"{root}/{next(fields)}"
            touched.update(_put(staged, path, root))
    sync_directories(sorted(touched))
    drop_journal(staging)


def _remove(path: str, root: str) -> str:
    above = os.path.dirname(path)
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError:  # a directory that a later change has made, or below a value
        return root
    return prune(above, root)


def _put(staged: str, path: str, root: str) -> set[str]:
    above = os.path.dirname(path)
    os.makedirs(above, exist_ok=True)
    try:
        os.rename(staged, path)
    except FileNotFoundError:  # it has its name already
        return set()
    touched = {above}
    while above != root:
        above = os.path.dirname(above)
        touched.add(above)
    return touched
