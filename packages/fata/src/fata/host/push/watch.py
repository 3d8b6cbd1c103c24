"""Watching a command of a build: what it prints, and what it takes of time and disk."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from fata.host.failure import readable
from fata.host.push.limits import MIB, Limits
from functoria.error import UserError

_LINE = 4096
"""Of a line that a build prints, no more is passed on."""
_LOG = 4 * MIB
"""Nor of all that one command prints."""
_PAUSE = 1.0


class Watched(Protocol):
    """What a command runs in: where that is, what it may take, and what else is to be ended."""

    @property
    def name(self) -> str: ...

    @property
    def directory(self) -> Path: ...

    @property
    def limits(self) -> Limits: ...

    def end(self) -> None: ...


class Watch:
    """`Watch(child, watched)` ends a command that takes more time, or disk, than it may.

    `beyond` is what it was ended for.
    """

    def __init__(self, child: subprocess.Popen[bytes], watched: Watched) -> None:
        self.beyond: UserError | None = None
        self._watched = watched
        self._child = child
        self._done = threading.Event()
        self._deadline = time.monotonic() + watched.limits.seconds
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Watch no longer."""
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        limits = self._watched.limits
        while not self._done.wait(_PAUSE):
            if time.monotonic() > self._deadline:
                self._end(
                    f"the build took longer than {limits.seconds:.0f} s",
                    "make it quicker; what it waits for may be a network, which it does not have",
                )
            elif size(self._watched.directory) > limits.disk * MIB:
                self._end(
                    f"the build wrote more than {limits.disk} MiB",
                    f"make it write less; what earlier builds left is in {self._watched.directory}",
                )

    def _end(self, what: str, do: str) -> None:
        if self.beyond is None:
            self.beyond = UserError(what, self._watched.name, do)
        with suppress(UserError):  # it is said what was wrong first
            self._watched.end()
        with suppress(ProcessLookupError):
            if self._child.poll() is None:
                os.killpg(self._child.pid, signal.SIGKILL)


def size(directory: Path) -> int:
    """`size(directory)` is the bytes that the files beneath take on the disk."""
    total, waiting = 0, [str(directory)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue  # it went while we looked
    return total


def pass_on(child: subprocess.Popen[bytes], report: Callable[[str], None]) -> None:
    """`pass_on(child, report)` reports what it prints, until no one can print any more."""
    output = child.stdout
    if output is None:
        return
    left = _LOG
    while line := output.readline(_LINE):
        if left > 0:
            report(readable(line.decode(errors="replace").rstrip("\n")))
            left -= len(line)
            if left <= 0:
                report(f"it prints more than {_LOG // MIB} MiB; the rest is not shown")
