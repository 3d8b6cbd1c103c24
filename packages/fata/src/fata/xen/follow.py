"""Staying with a guest of Xen: its console, ctrl-C, and how it ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fata.disks import Plan
from fata.qemu.console import Lines, Reading
from fata.qemu.outcome import Outcome
from fata.signals import signals_to
from fata.xen.toolstack import Condition, Toolstack
from functoria import UserError

GRACE = 10.0  # seconds until a guest is asked again, and then until it is ended
_AGAIN = 1.0  # seconds between attempts to end one: Xen may still be making it
_ATTEMPTS = 8  # until nobody waits for `xl` any more, which may miss the end of a young guest


@dataclass(frozen=True, slots=True)
class Session:
    """`Session(output, disks, console, report, show)` is one run, as the command line has it.

    `report` takes what is said of it, `show` what the guest prints; all of that is in `console`.
    """

    output: Path
    disks: tuple[Plan, ...]
    console: Path
    report: Callable[[str], None]
    show: Callable[[bytes], None]


def follow(
    toolstack: Toolstack, name: str, file: str, session: Session, grace: float = GRACE
) -> Outcome:
    """`follow(toolstack, name, file, session)` starts a guest and is how it ended.

    `file` is its configuration on that host. Ctrl-C asks the guest to shut down, again after
    `grace` seconds, for PID 1 may not have listened yet, and ends it after as many more. A second
    ctrl-C ends it at once, and so does the first while Xen is still making it, as soon as it is
    made: Xen's tools lose their way without it. Nothing of it is left.
    """
    began = time.monotonic()
    reading = Reading()
    end = _End(toolstack, name, grace)
    try:
        with session.console.open("wb") as kept, contextlib.closing(end), signals_to(end.ask):
            status = _followed(toolstack, file, session, kept, reading, end)
    finally:
        toolstack.destroy(name)
    seconds = time.monotonic() - began
    verdict = reading.verdict
    if verdict is not None:
        return Outcome(verdict.code, verdict.reason, session.console, seconds)
    reason = reading.diagnosis() or end.why
    if reason is None:
        reason = f"`xl create` ended with {status}: {reading.last or 'no word'}"
    return Outcome(None, reason, session.console, seconds, interrupted=end.why is not None)


def _followed(
    toolstack: Toolstack,
    file: str,
    session: Session,
    kept: IO[bytes],
    reading: Reading,
    end: _End,
) -> int:
    """Create the guest and read its console to the end; the status of `xl create`."""
    lines = Lines()
    with (
        subprocess.Popen(
            toolstack.runner.command(["xl", "create", "-q", "-c", file]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # ctrl-C is for us to pass on
        ) as child,
        selectors.DefaultSelector() as selector,
    ):
        if child.stdout is None:
            raise TypeError("a child without a pipe")
        selector.register(end.asked, selectors.EVENT_READ)
        selector.register(child.stdout, selectors.EVENT_READ)
        try:
            while True:
                ready = {key.fileobj for key, _ in selector.select(end.remaining)}
                end.go_on(began=bool(reading.last))
                if end.given_up:
                    child.kill()
                if child.stdout not in ready:
                    continue
                data = os.read(child.stdout.fileno(), 65536)
                if not data:
                    break
                kept.write(data)
                session.show(data)
                for line in lines.feed(data):
                    reading.line(line)
        except BaseException:
            child.kill()  # it would stay as long as the guest does
            raise
        for line in lines.end():
            reading.line(line)
        return child.wait()


class _End:
    """How a guest is brought to its end: what was asked of it, and what comes next, and when."""

    def __init__(self, toolstack: Toolstack, name: str, grace: float) -> None:
        self._toolstack = toolstack
        self._name = name
        self._grace = grace
        self._steps: list[tuple[float, Callable[[], None]]] = []
        self._attempts = 0
        self.asked, self._asker = socket.socketpair()
        self.asked.setblocking(False)
        self._asker.setblocking(False)
        self.why: str | None = None

    def close(self) -> None:
        """Nobody asks any more."""
        self.asked.close()
        self._asker.close()

    def ask(self) -> None:
        """Ask for the end, also from a signal handler."""
        with contextlib.suppress(OSError):
            self._asker.send(b"!")

    @property
    def remaining(self) -> float | None:
        """The seconds until the next step; `None` while there is none."""
        return max(0.0, self._steps[0][0] - time.monotonic()) if self._steps else None

    def go_on(self, *, began: bool) -> None:
        """Take the steps that are due; `began` is whether the guest has printed anything."""
        with contextlib.suppress(BlockingIOError):
            for _ in self.asked.recv(64):
                self._decide(began)
        while self._steps and self._steps[0][0] <= time.monotonic():
            _, step = self._steps.pop(0)
            step()

    @property
    def given_up(self) -> bool:
        """Whether Xen's tools do not end although there is no guest any more."""
        return self._attempts > _ATTEMPTS

    def _decide(self, began: bool) -> None:
        now = time.monotonic()
        if self.why is None and not began and self._is_being_made():
            self.why = "before its program began"
        elif self.why is None:
            self.why = "stopped before it ended by itself"
            times = (now, now + self._grace)
            self._steps = [(at, self._shut_down) for at in times]
            self._steps.append((now + 2 * self._grace, self._destroy))
            return
        self._steps = [(now, self._destroy)]

    def _shut_down(self) -> None:
        self._toolstack.shutdown(self._name)

    def _destroy(self) -> None:
        if not self._is_being_made():
            self._toolstack.destroy(self._name)
            self._attempts += 1
        elif self._attempts:
            self._attempts += 1
        self._steps = [(time.monotonic() + _AGAIN, self._destroy)]

    def _is_being_made(self) -> bool:
        try:
            found = self._toolstack.find(self._name)
        except UserError:
            return False
        return found is None or found.condition is Condition.PAUSED
