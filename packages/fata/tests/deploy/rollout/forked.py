"""Guests that start at once: forked from the process that starts them, in which all is imported.

Every process that is left of a test ends up as a child of the one that called `adopt`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from guest import Guest
from stub import Stub

_SET_CHILD_SUBREAPER = 36  # prctl(2)
_MOST_FILES = 1024


class Forked(Stub):
    """The driver: guests are copies of this process. `sound` ends the faults in such a copy."""

    sound: Callable[[], object] = staticmethod(lambda: None)

    @contextlib.contextmanager
    def process(self, directory: Path, port: int, behaviour: str, text: str) -> Iterator[int]:
        """See `Stub.process`. One that is not written down, since we were killed, does not run."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self.sound()
                os.setsid()
                os.closerange(3, reading)
                os.closerange(reading + 1, _MOST_FILES)
                null = os.open(os.devnull, os.O_RDWR)
                for number in range(3):
                    os.dup2(null, number)
                if os.read(reading, 1):
                    Guest(directory / "console", behaviour, text).run(port)
            finally:
                os._exit(0)
        os.close(reading)
        try:
            yield pid
            os.write(writing, b".")
        finally:
            os.close(writing)


def adopt() -> None:
    """Be the parent of all processes below this one whose parents have ended."""
    if ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("prctl: not a subreaper")


def left() -> set[int]:
    """The processes below this one; those that have ended are gone for good."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    own = os.getpid()
    return {int(pid) for pid in Path(f"/proc/{own}/task/{own}/children").read_text().split()}


def end_all() -> None:
    """End the processes below this one."""
    for pid in left():
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
