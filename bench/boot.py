"""One start of one guest, from QEMU's start to HTTP 200."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from variant import MARK

from fata.qemu.background import background
from fata.qemu.machine import Accelerator, Guest, UserNic
from fata.qemu.observer import Stopwatch
from fata.qemu.wait import wait_http
from functoria import UserError

_CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED: nanoseconds of processor time, user and system


@dataclass(frozen=True, slots=True)
class Boot:
    """`Boot(first_line, http, cpu)` is milliseconds from QEMU's start.

    To the first line of Python, to HTTP 200, and the processor time that QEMU had used by then.
    """

    first_line: float
    http: float
    cpu: float


class _Watch(Stopwatch):
    """A stopwatch that knows the process."""

    def __init__(self) -> None:
        super().__init__()
        self.pid = 0

    def started(self, pid: int, at: float) -> None:
        super().started(pid, at)
        self.pid = pid


def boot(guest: Guest, log: Path, limit: float) -> Boot | None:
    """`boot(guest, log, limit)` is the times of one start, `None` if it did not answer 200.

    `limit` is in seconds. The guest is ended at once. The console is in `log`. Raises
    `UserError` if it answered without having printed the line that is timed.
    """
    watch = _Watch()
    try:
        with background(guest, Accelerator.TCG, log, watch) as running:
            nic = running.guest.nics[0]
            port = nic.publish[0].host if isinstance(nic, UserNic) else 0
            reply = wait_http(port, "/", limit, alive=lambda: not running.ended)
            http = watch.since(time.monotonic())
            cpu = time.clock_gettime_ns(_processor_clock(watch.pid)) / 1e6
    except (TimeoutError, UserError):
        return None
    if reply.status != 200:
        return None
    return Boot(_marked(watch, log), http, cpu)


def _marked(watch: Stopwatch, log: Path) -> float:
    marks = [at for at, line in watch.lines if line == MARK]
    if not marks:
        raise UserError(f"the console has no line `{MARK}`", str(log), "see bench/variant.py")
    return marks[0]


def _processor_clock(pid: int) -> int:
    """The clock of a process's processor time, as clock_getcpuclockid(3) makes it on Linux."""
    return (~pid << 3) | _CLOCK_OF_PROCESS
