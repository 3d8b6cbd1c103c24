"""What is known of a lab's process: which it is, and how it ended.

A process is named by its number, the time at which it began and the boot of this machine, so that
neither a restart nor another process of that number is taken for it (proc(5), `/proc/PID/stat`).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

RECORD = "record.json"
END = "ended.json"
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
        with contextlib.suppress(ProcessLookupError), _descriptor(self.pid) as descriptor:
            # The descriptor is of one process for good: look whose it is, then use it.
            if self.alive:
                signal.pidfd_send_signal(descriptor, number)

    def wait(self, seconds: float) -> bool:
        """Whether the process has ended within that time."""
        try:
            with _descriptor(self.pid) as descriptor:
                if self.alive:
                    select.select([descriptor], [], [], seconds)
        except ProcessLookupError:
            return True
        return not self.alive


@dataclass(frozen=True, slots=True, order=True)
class Forward:
    """`Forward(host, address, guest, protocol)` leads 127.0.0.1:`host` to `address`:`guest`."""

    host: int
    address: str
    guest: int
    protocol: str = "tcp"

    def __str__(self) -> str:
        return f"127.0.0.1:{self.host} leads to {self.address}:{self.guest}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class Record:
    """`Record(...)` is a lab that was started: `port` leads to its sshd, `memory` is in MiB.

    `since` is in seconds since 1970; `restored` tells whether it began from a saved state.
    """

    qemu: Identity
    supervisor: Identity
    port: int
    memory: int
    since: int
    restored: bool
    versions: tuple[str, ...]
    forwards: tuple[Forward, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """`End(status, at)` is how QEMU ended: an exit code, or a signal as a negative number."""

    status: int
    at: int

    def __str__(self) -> str:
        if self.status >= 0:
            return f"QEMU ended with exit code {self.status}"
        try:
            name = signal.Signals(-self.status).name
        except ValueError:
            name = f"signal {-self.status}"
        return f"QEMU was killed by {name}"


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


def encode(record: Record) -> bytes:
    """`encode(record)` is the record as it is kept."""
    return (json.dumps(asdict(record), indent=2, sort_keys=True) + "\n").encode()


def load(directory: Path) -> Record | None:
    """`load(directory)` is the record kept there; `None` where there is none, or a damaged one."""
    try:
        raw = json.loads((directory / RECORD).read_bytes())
        forwards = (
            Forward(int(f["host"]), str(f["address"]), int(f["guest"]), str(f["protocol"]))
            for f in raw["forwards"]
        )
        return Record(
            qemu=_identity(raw["qemu"]),
            supervisor=_identity(raw["supervisor"]),
            port=int(raw["port"]),
            memory=int(raw["memory"]),
            since=int(raw["since"]),
            restored=bool(raw["restored"]),
            versions=tuple(str(word) for word in raw["versions"]),
            forwards=tuple(forwards),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def load_end(directory: Path) -> End | None:
    """`load_end(directory)` is how the lab ended, if its supervisor saw it."""
    try:
        raw = json.loads((directory / END).read_bytes())
        return End(int(raw["status"]), int(raw["at"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def this_boot() -> str:
    """The identity of the boot of this machine."""
    return _BOOT_ID.read_text().strip()


def _identity(raw: dict[str, object]) -> Identity:
    return Identity(int(str(raw["pid"])), int(str(raw["start"])), str(raw["boot"]))


@contextlib.contextmanager
def _descriptor(pid: int) -> Iterator[int]:
    """The process as a descriptor; raises `ProcessLookupError` where there is none."""
    number = os.pidfd_open(pid)
    try:
        yield number
    finally:
        os.close(number)
