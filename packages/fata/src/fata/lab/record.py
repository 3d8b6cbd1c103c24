"""What is known of a lab's process: which it is, and how it ended."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from fata.identity import Identity

RECORD = "record.json"
END = "ended.json"


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


def _identity(raw: dict[str, object]) -> Identity:
    return Identity(int(str(raw["pid"])), int(str(raw["start"])), str(raw["boot"]))
