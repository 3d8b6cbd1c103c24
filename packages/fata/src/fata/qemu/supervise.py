"""Supervising a run: from the guest that is wanted to the outcome that was had."""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import time
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Self

from fata.qemu.console import Lines, Reading
from fata.qemu.failure import start_failure
from fata.qemu.machine import PROGRAM, Accelerator, Guest, UserNic
from fata.qemu.observer import Observer
from fata.qemu.outcome import Outcome, explain
from fata.qemu.preflight import check_guest, create_log
from fata.qemu.process import Process
from fata.qemu.publish import assign
from fata.qemu.qmp import Qmp, QmpError
from fata.qemu.ready import held_before_ready, tells
from fata.signals import signals_to

GRACE = 5.0  # seconds that a guest has to shut down in order
_LAST_GRACE = 1.0  # seconds that QEMU has to write back its disks
_ANSWER = 2.0  # seconds that QEMU has to say how far the guest has come
_INTERRUPT = b"\x03"  # what a terminal sends for ctrl-C; the guest's console makes SIGINT of it
_STDERR_KEPT = 16384


class _Stage(Enum):
    RUNNING = "running"
    ASKED = "the guest was asked to shut down"
    TERMINATED = "QEMU was told to end"
    KILLED = "QEMU was killed"


def run(
    guest: Guest,
    accelerator: Accelerator,
    log: Path,
    observer: Observer | None = None,
    grace: float = GRACE,
    limit: float | None = None,
) -> Outcome:
    """`run(guest, accelerator, log)` runs `guest` to its end and is how it ended.

    `log` becomes the file of its console. SIGINT, SIGTERM and SIGHUP of this process are passed
    to the guest as ctrl-C; after `grace` seconds, or at the second one, QEMU is ended, and at once
    if the guest tells that it would not hear yet. After `limit` seconds the run is ended too.
    Raises `UserError` if the guest cannot be started.
    """
    with (
        Run(guest, accelerator, log, observer, grace, limit) as running,
        signals_to(running.interrupt),
    ):
        running.start()
        return running.wait()


class Run:
    """One run of a guest in steps: `start`, then `wait`; leaving the context ends it for sure.

    It is ended after `limit` seconds, and when it has printed nothing for `silence` seconds.

    `guest` is the guest as started, with the ports that were chosen for it.
    """

    def __init__(
        self,
        guest: Guest,
        accelerator: Accelerator,
        log: Path,
        observer: Observer | None = None,
        grace: float = GRACE,
        limit: float | None = None,
        program: str = PROGRAM,
        silence: float | None = None,
    ) -> None:
        self.guest = guest
        self._accelerator = accelerator
        self._log = log
        self._observer = observer or Observer()
        self._grace = grace
        self._limit = limit
        self._program = program
        self._silence = silence
        self._process: Process | None = None
        self._asked_qmp = False
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._lines = Lines()
        self._reading = Reading()
        self._received = 0
        self._stderr = b""
        self._stage = _Stage.RUNNING
        self._stopped: str | None = None
        self._interrupted = False
        self._deadline: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.close()
        self._woken.close()
        self._waker.close()

    def start(self) -> None:
        """`start()` starts QEMU; it dies with the calling thread. Raises `UserError`."""
        check_guest(self.guest)
        create_log(self._log)
        self.guest = _with_ports(self.guest)
        self._observer.starting(self.guest)
        self._process = Process(self.guest, self._accelerator, self._log, self._program)
        self._heard(self._process.started)
        self._observer.started(self._process.pid, self._process.started)

    def _heard(self, at: float) -> None:
        """Set when its time is over, as it is now."""
        if self._stage is not _Stage.RUNNING:
            return
        ends = []
        if self._limit is not None:
            ends.append(self._running().started + self._limit)
        if self._silence is not None:
            ends.append(at + self._silence)
        self._deadline = min(ends, default=None)

    def interrupt(self) -> None:
        """`interrupt()` asks the guest to shut down, and the second time ends it.

        It may be called from any thread and from a signal handler.
        """
        with contextlib.suppress(OSError):
            self._waker.send(b"!")

    def qmp(self) -> Qmp:
        """`qmp()` is the QMP session of this guest; there is one per run."""
        self._asked_qmp = True
        return Qmp(self._running().qmp.dup())

    def wait(self) -> Outcome:
        """`wait()` is the outcome, once QEMU has ended. Raises `UserError` if it did not start."""
        process = self._running()
        with selectors.DefaultSelector() as selector:
            selector.register(process.pidfd, selectors.EVENT_READ)
            selector.register(process.console, selectors.EVENT_READ, self._read_console)
            selector.register(process.stderr, selectors.EVENT_READ, self._read_stderr)
            selector.register(self._woken, selectors.EVENT_READ, self._read_wake)
            ended = False
            while not ended:
                for key, _ in selector.select(self._remaining()):
                    if key.data is None:
                        ended = True
                    elif not key.data():
                        selector.unregister(key.fileobj)
                self._check_deadline()
        while self._read_console():
            pass
        while self._read_stderr():
            pass
        for text in self._lines.end():
            self._line(text, time.monotonic())
        return self._outcome(process, self._age())

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the run was not started")
        return self._process

    def _remaining(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _read_console(self) -> bool:
        """`_read_console()` takes what is there and tells whether more may come at once."""
        try:
            data = self._running().console.recv(65536)
        except OSError:  # nothing more for now, or reset by an end with our input unread
            return False
        at = time.monotonic()
        self._received += len(data)
        if data:
            self._observer.output(data, at)
            self._heard(at)
        for text in self._lines.feed(data):
            self._line(text, at)
        return bool(data)

    def _line(self, text: str, at: float) -> None:
        self._reading.line(text)
        self._observer.line(text, at)

    def _read_stderr(self) -> bool:
        data = self._running().stderr.read(65536)
        self._stderr = (self._stderr + (data or b""))[-_STDERR_KEPT:]
        return bool(data)

    def _read_wake(self) -> bool:
        self._interrupted = True
        for _ in self._woken.recv(64):
            if self._stage is _Stage.RUNNING and self._too_early():
                self._stage = _Stage.ASKED  # no point in asking: it would not hear
                self._escalate("before its program began")
            else:
                self._escalate("stopped before it ended by itself")
        return True

    def _too_early(self) -> bool:
        """Whether the guest is known not to hear yet; it is paused then, and to be ended."""
        if self._asked_qmp or not tells(self.guest):
            return False
        self._asked_qmp = True
        try:
            with Qmp(self._running().qmp.dup(), _ANSWER) as qmp:
                return held_before_ready(qmp)
        except QmpError:
            return False

    def _age(self) -> float:
        return time.monotonic() - self._running().started

    def _check_deadline(self) -> None:
        if self._deadline is None or time.monotonic() < self._deadline:
            return
        if self._stage is _Stage.RUNNING:
            self._stage = _Stage.ASKED  # no point in asking: its time is over
            over = self._limit is not None and self._age() >= self._limit
            what = f"not finished after {self._limit:g} s"
            self._escalate(what if over else f"silent for {self._silence:g} s")
        else:
            self._escalate("stopped: it did not shut down in time")

    def _escalate(self, why: str) -> None:
        process = self._running()
        self._stopped = self._stopped or why
        now = time.monotonic()
        if self._stage is _Stage.RUNNING:
            with contextlib.suppress(OSError):
                process.console.send(_INTERRUPT)
            self._stage, self._deadline = _Stage.ASKED, now + self._grace
        elif self._stage is _Stage.ASKED:
            process.terminate()
            self._stage, self._deadline = _Stage.TERMINATED, now + _LAST_GRACE
        else:
            process.kill()
            self._stage, self._deadline = _Stage.KILLED, None

    def _outcome(self, process: Process, seconds: float) -> Outcome:
        status = process.status or 0
        stderr = self._stderr.decode(errors="replace")
        refused = status > 0 or status == -signal.SIGABRT
        if refused and not self._received and self._stopped is None:
            raise start_failure(stderr, self.guest, self._accelerator)
        verdict = self._reading.verdict
        lost = max(0, self._received - _size(self._log))
        code: int | None
        reason: str | None
        if verdict is not None and status == 0:
            code, reason = verdict.code, verdict.reason
        else:
            code, reason = None, explain(self._reading, status, self._stopped, stderr)
        return Outcome(code, reason, self._log, seconds, lost, self._interrupted)


def _with_ports(guest: Guest) -> Guest:
    nics = tuple(
        replace(nic, publish=assign(nic.publish)) if isinstance(nic, UserNic) else nic
        for nic in guest.nics
    )
    return replace(guest, nics=nics)


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
