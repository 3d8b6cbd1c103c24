"""PID 1's duty to processes whose parent has died.

A child that the program started itself is left to the program, which wants its exit status. Only
what is still dead at a later signal, a while after, is an orphan: nobody else will wait for it.
"""

from __future__ import annotations

import contextlib
import os
import time

PATIENCE_SECONDS = 5.0

_dead_since: dict[int, float] = {}


def reap(_signal: int, _frame: object) -> None:
    """Handle SIGCHLD: note who has died, and wait for those who have been dead for a while."""
    now = time.monotonic()
    dead = set(_zombies())
    for pid in [pid for pid in _dead_since if pid not in dead]:
        del _dead_since[pid]
    for pid in dead:
        if now - _dead_since.setdefault(pid, now) > PATIENCE_SECONDS:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            _dead_since.pop(pid, None)


def _zombies() -> list[int]:
    """The children of PID 1 that have died and were not waited for (proc(5), `stat`)."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and parent == "1":
            found.append(int(name))
    return found
