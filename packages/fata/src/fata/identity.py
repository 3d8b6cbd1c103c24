"""Which process is meant.

A process is named by its number, the time at which it began and the boot of this machine, so that
neither a restart nor another process of that number is taken for it (proc(5), `/proc/PID/stat`).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """`Identity(pid, start, boot)` is one process; `start` is in clock ticks since the boot."""

    pid: int
    start: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether that very process is still there, and not only waits to be reaped."""
        return identify(self.pid) == self

    def send(self, number: int) -> None:
        """Send a signal to that very process, if it is still there."""
        with contextlib.suppress(ProcessLookupError), descriptor(self.pid) as process:
            # The descriptor is of one process for good: look whose it is, then use it.
            if self.alive:
                signal.pidfd_send_signal(process, number)

    def wait(self, seconds: float) -> bool:
        """Whether the process has ended within that time."""
        try:
            with descriptor(self.pid) as process:
                if self.alive:
                    select.select([process], [], [], seconds)
        except ProcessLookupError:
            return True
        return not self.alive


def identify(pid: int) -> Identity | None:
    """`identify(pid)` is the process of that number, or `None` where none runs."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        return None
    # The name is in parentheses and may hold anything; state is field 3, start time field 22.
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in "ZX":
        return None
    return Identity(pid, int(fields[19]), boot)


def this_boot() -> str:
    """The identity of the boot of this machine."""
    return _BOOT_ID.read_text().strip()


@contextlib.contextmanager
def descriptor(pid: int) -> Iterator[int]:
    """The process as a descriptor; raises `ProcessLookupError` where there is none."""
    number = os.pidfd_open(pid)
    try:
        yield number
    finally:
        os.close(number)
