"""Taking a console down: into its file, and into what it says of the guest's end."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from fata.deploy.drivers.console import CONSOLE, Ring
from fata.deploy.drivers.driver import Outcome, State
from fata.exit_codes import NO_OUTCOME
from fata.qemu.console import Lines, Reading

ASKED = "it did not end when it was asked to, and was destroyed"
DESTROYED = "it was destroyed"


class Recorder:
    """`Recorder(directory, limit)` writes the console in that directory, of `limit` bytes."""

    __slots__ = ("_lines", "_ring", "reading")

    def __init__(self, directory: Path, limit: int) -> None:
        self._ring = Ring(directory / CONSOLE, limit)
        self._lines = Lines()
        self.reading = Reading()

    def resume(self, directory: Path) -> None:
        """`resume(directory)` reads again what another has taken down before, of the same life."""
        with contextlib.suppress(OSError):
            for line in self._lines.feed((directory / CONSOLE).read_bytes()):
                self.reading.line(line)

    def feed(self, data: bytes) -> None:
        """`feed(data)` takes down what the guest has said."""
        self._ring.feed(data)
        for line in self._lines.feed(data):
            self.reading.line(line)

    def close(self) -> None:
        """`close()` says that nothing more will come."""
        for line in self._lines.end():
            self.reading.line(line)
        self._ring.close()

    def outcome(self, orderly: bool, stopped: str | None, why: str) -> Outcome:
        """`outcome(orderly, stopped, why)` is how the guest ended, just now.

        Its own word counts if the machine then ended in order. `stopped` says that we ended it,
        and `why` is the explanation where neither is so.
        """
        verdict = self.reading.verdict
        if verdict is not None and orderly:
            return Outcome(verdict.code, verdict.reason or "", State.ENDED, time.time())
        state = State.CRASHED if stopped is None else State.ENDED
        return Outcome(NO_OUTCOME, stopped or why, state, time.time())
