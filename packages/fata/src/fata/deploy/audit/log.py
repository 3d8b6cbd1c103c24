"""The log, which is only ever appended to."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from fata.deploy.audit.chain import (
    HEAD,
    LOCK,
    LOG,
    Head,
    digest,
    end,
    files,
    head_text,
    lines,
    next_older,
)
from fata.deploy.audit.entry import Entry, Result, encode
from fata.deploy.audit.seal import seal, sealed, unseal
from fata.deploy.audit.verify import Fault, verify
from functoria.action import write_file
from functoria.error import UserError

LIMIT_BYTES = 8 << 20
"""A file that is longer becomes an older one, and none of those is ever removed by fata."""

_MODE = 0o600


class Audit:
    """`Audit(root)` is the log of the host whose things are below `root`.

    A request is written down before it has effects: one that cannot be is refused.
    """

    def __init__(
        self, root: Path, *, limit: int = LIMIT_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self._root = root
        self._limit = limit
        self._clock = clock

    def append(self, entry: Entry) -> Entry:
        """`append(entry)` is the entry as it is in the log, for certain. Raises `UserError`."""
        return self._append(entry, None)

    def begin(self, entry: Entry) -> Entry:
        """`begin(entry)` is the entry of a request that is about to be carried out.

        Raises `UserError` where it cannot be written down; then nothing may be done.
        """
        return self._append(replace(entry, result=Result.BEGUN), None)

    def finish(self, begun: Entry, result: Result, why: str = "") -> None:
        """Write down how the request ended that `begin` has returned. Raises `UserError`.

        What is known by now of its generation and digest is taken from `begun`.
        """
        self._append(replace(begun, result=result, why=why, request={}), begun.number)

    @contextlib.contextmanager
    def recorded(self, entry: Entry) -> Iterator[Entry]:
        """Within `recorded(entry)` a request is carried out, of which the log then has the end.

        Where only the end cannot be written, the request stays `begun`: what it did, it did.
        """
        begun = self.begin(entry)
        try:
            yield begun
        except BaseException as error:
            why = error.what if isinstance(error, UserError) else type(error).__name__
            with contextlib.suppress(UserError):
                self.finish(begun, Result.FAILED, why)
            raise
        with contextlib.suppress(UserError):
            self.finish(begun, Result.DONE)

    def read(self, limit: int = 100, before: int | None = None) -> tuple[Entry, ...]:
        """`read(limit, before)` is the newest requests, those before that number, oldest first.

        Each has the result that it ended with, as far as it has ended. Lines that cannot be read
        are left out.
        """
        ends: dict[int, Entry] = {}
        found: list[Entry] = []
        for path in reversed(files(self._root)):
            for _, said in reversed(lines(path.read_bytes())):
                if len(found) >= limit:
                    break
                if said is None:
                    continue
                if said.of is not None:
                    ends[said.of] = said.entry
                elif before is None or said.entry.number < before:
                    found.append(_ended(said.entry, ends.get(said.entry.number)))
        return tuple(reversed(found))

    def verify(self) -> Fault | None:
        """`verify()` is the first line that is not as it was written, `None` for a whole log."""
        return verify(self._root)

    def seal(self) -> bool:
        """`seal()` is whether the system lets nobody but append to the log from now on.

        Older files stay sealed. That is up to the file system, and takes root.
        """
        with self._locked():
            os.close(self._open())
            results = [seal(path) for path in files(self._root)]
        return all(results)

    def unseal(self) -> None:
        """Let the log be moved and removed again, as any other files are."""
        with self._locked():
            for path in files(self._root):
                unseal(path)

    def _append(self, entry: Entry, of: int | None) -> Entry:
        try:
            with self._locked():
                self._rotate()
                return self._write(entry, of)
        except OSError as error:
            raise UserError(
                f"the request cannot be written down: {(error.strerror or str(error)).lower()}",
                str(self._root / LOG),
                "make room on the host with `fata prune`, or look at its disk, then run the "
                "command again: nothing was done",
            ) from None

    def _write(self, entry: Entry, of: int | None) -> Entry:
        last = end(self._root)
        made = replace(entry, number=last.number + 1, when=self._clock())
        handle = self._open()
        try:
            line = encode(made, last.before, of, opens=os.fstat(handle).st_size == 0)
            content = b"\n" + line if last.torn else line
            if os.write(handle, content) != len(content):
                raise OSError(None, "the disk is full")
            os.fsync(handle)
        finally:
            os.close(handle)
        write_file(self._root / HEAD, head_text(Head(made.number, digest(line))), _MODE, alone=True)
        return made

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(self._root / LOG, flags, _MODE)

    def _rotate(self) -> None:
        path = self._root / LOG
        if not path.exists() or path.stat().st_size < self._limit:
            return
        was = sealed(path)
        if was:
            unseal(path)  # what can only be appended to cannot be renamed
        older = next_older(self._root)
        path.rename(older)
        os.close(self._open())
        if was:
            seal(older)
            seal(path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._root.mkdir(mode=0o751, parents=True, exist_ok=True)
        lock = os.open(self._root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _ended(begun: Entry, how: Entry | None) -> Entry:
    if how is None:
        return begun
    generation = begun.generation if how.generation is None else how.generation
    return replace(
        begun,
        result=how.result,
        why=how.why,
        generation=generation,
        digest=how.digest or begun.digest,
    )
