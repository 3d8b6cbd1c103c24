"""The protocol that all drivers keep, and what they tell of a guest.

`packages/fata/tests/deploy/drivers/conformance.py` is its meaning as tests, which every driver
passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from fata.deploy.drivers.spec import GuestSpec


class State(StrEnum):
    """What the hypervisor says of a guest, not what was written down of it.

    `ENDED` guests gave an exit code or were ended by us; `CRASHED` ones did neither.
    """

    RUNNING = "running"
    ENDED = "ended"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Found:
    """`Found(name, state, ...)` is a guest of ours on this host.

    `number` is what the hypervisor knows a running one by: QEMU's process, or Xen's domain.
    `started` is in seconds since 1970. `remark` says what is not as it should be, such as a damaged
    directory, and is otherwise empty. One that is not `kept` runs without a keeper: `attend` to it.
    """

    name: str
    state: State
    number: int | None = None
    started: float | None = None
    remark: str = ""
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """`Outcome(code, reason, state, at)` is how a guest ended, `at` in seconds since 1970.

    `code` is the guest's own, or `fata.exit_codes.NO_OUTCOME` where it gave none; `reason` is its
    word for it, or a diagnosis. `state` is `ENDED` or `CRASHED`.
    """

    code: int
    reason: str
    state: State
    at: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """`Statistics(...)` is what a running guest has used since its start.

    `cpu` is in seconds, `memory` what it holds now; all but `cpu` are in bytes. Directions are the
    guest's: it has `received` and `sent`, `read` and `written`. `None` is what the hypervisor does
    not count, such as the traffic of QEMU's user-mode network.
    """

    cpu: float
    memory: int
    received: int | None = None
    sent: int | None = None
    read: int | None = None
    written: int | None = None


class Driver(Protocol):
    """A hypervisor of this host, as what keeps guests in directories below one of its own.

    Drivers hold nothing in memory: another one, made later by another process, sees the same
    guests. All methods raise `UserError`, with what is wrong and what to do. A name that is
    not known is an error for `stop`, `statistics` and `console`, and none for the others.
    """

    @property
    def name(self) -> str:
        """`qemu`, `libvirt` or `xl`."""
        ...

    def check(self, spec: GuestSpec) -> None:
        """Raise `UserError` for all that can be known to be wrong before anything is made.

        That is: a file, a bridge or a disk that is missing, too little memory, a port that is
        taken, a limit that cannot be enforced here, a name that is in use.
        """
        ...

    def start(self, spec: GuestSpec) -> None:
        """Start the guest, which runs on when this process ends.

        It checks first. Its console is kept from the first byte on. If it cannot be started,
        nothing of it is left but its directory with what it said. The name of one that has ended
        may be used again: its console is then `console.previous`.
        """
        ...

    def attend(self, name: str) -> None:
        """Give a guest that runs another keeper if its own was killed.

        Its console then goes on where it ended, and its outcome is written. One that is kept or
        does not run is left as it is, and so is one that cannot be attended to.
        """
        ...

    def list(self) -> tuple[Found, ...]:
        """Our guests that run, and those that ended and whose directory is there, by name."""
        ...

    def stop(self, name: str, seconds: float) -> Outcome:
        """Ask the guest to end, destroy it after that many seconds; how it ended.

        A guest that ended before has the outcome that it had.
        """
        ...

    def destroy(self, name: str) -> None:
        """End the guest at once and remove all that it had but its directory.

        It works on what runs, has crashed, was made by half, is gone or was never there.
        """
        ...

    def statistics(self, name: str) -> Statistics:
        """What a running guest has used."""
        ...

    def outcome(self, name: str) -> Outcome | None:
        """How the guest ended; `None` while it runs, and of one that is not known."""
        ...

    def console(self, name: str) -> Path:
        """The file with the last part of its console, which is there after its end too.

        Its bytes are the guest's and may be anything: show them with `console.display`.
        """
        ...
