"""A running lab, as programs use it: commands, files, published ports."""

from __future__ import annotations

import contextlib
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from fata.complaint import complaint
from fata.completed import Completed
from fata.identity import this_boot
from fata.lab import record as records
from fata.lab.copy import sent
from fata.lab.keys import ssh
from fata.lab.machine import MEMORY, NETWORK
from fata.lab.place import DEFAULT, Place, is_locked, locked, names, write
from fata.lab.process import connect
from fata.lab.record import END, RECORD, Forward, Record
from fata.qemu.publish import LOOPBACK, Protocol, Publish, assign
from fata.qemu.qmp import QmpError
from functoria.error import UserError

Report = Callable[[str], None]


def _silent(_text: str) -> None:
    return


class Condition(Enum):
    """What a lab is at this moment; the value is the word to show."""

    RUNNING = "running"
    BUSY = "busy"
    ENDED = "ended"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Status:
    """`Status(name, condition, record, note)` is a lab as it was found; `note` says more."""

    name: str
    condition: Condition
    record: Record | None
    note: str


@dataclass(frozen=True, slots=True)
class Lab:
    """`Lab(place, record)` is a lab that was running when it was looked up."""

    place: Place
    record: Record

    @property
    def where(self) -> str:
        """What it is called in messages."""
        return f"the lab `{self.place.name}`"

    def command(self, arguments: Sequence[str], terminal: bool = False) -> tuple[str, ...]:
        """`command(arguments)` is the command of this machine that runs them in the lab.

        Without arguments it is a shell. It ends with the exit code of what it runs, or with 255
        where ssh itself fails.
        """
        return ssh(self.place, shlex.join(arguments), terminal)

    def run(
        self,
        arguments: Sequence[str],
        given: bytes = b"",
        limit: float | None = None,
        check: bool = True,
    ) -> Completed:
        """`run(arguments)` runs a command in the lab, as root, to its end.

        `given` is its standard input, `limit` the seconds that it may take. Raises
        `subprocess.TimeoutExpired` after them, and `UserError` where the lab does not answer or,
        with `check`, where the command ends with another code than 0.
        """
        done = subprocess.run(
            self.command(arguments), input=given, capture_output=True, timeout=limit, check=False
        )
        if done.returncode == 255 and not self.record.qemu.alive:
            raise _not_running(status(self.place.name))
        if done.returncode == 255 and b"Permission denied (" in done.stderr:
            raise _refused(self.place)
        if check and done.returncode != 0:
            why = complaint(done.stderr or done.stdout)
            raise UserError(
                f"`{shlex.join(arguments)[:200]}` failed with exit code {done.returncode}: {why}",
                self.where,
                f"look around with `fata lab ssh --name {self.place.name}`",
            )
        return Completed(done.returncode, done.stdout, done.stderr)

    def copy(self, files: Mapping[str, Path]) -> None:
        """`copy({"/root/guest.cfg": path})` copies files to absolute paths in the lab.

        Each appears as a whole, with the permissions that it has here, once all have arrived.
        Raises `UserError`.
        """
        with locked(self.place, _silent):
            _running(self.place)
            with sent(self.place, files) as script:
                done = self.run(["sh", "-c", script], check=False)
        if done.code != 0:
            why = complaint(done.err, f"exit code {done.code}")
            raise UserError(
                f"files could not be copied to the lab: {why}",
                self.where,
                f"see with `fata lab ssh --name {self.place.name} -- df` whether it has room",
            )

    def publish(self, forward: Forward) -> Forward:
        """`publish(forward)` makes a port of the lab's network one of the loopback address.

        Host port 0 stands for any free one; the result has the one that was chosen. It ends with
        the lab. Raises `UserError` where the port is taken.
        """
        protocol = Protocol(forward.protocol)
        (port,) = assign((Publish(LOOPBACK, forward.host, forward.guest, protocol),))
        chosen = replace(forward, host=port.host)
        rule = f"{protocol}:{LOOPBACK}:{port.host}-{forward.address}:{forward.guest}"
        with locked(self.place, _silent):
            current = _running(self.place)
            self._monitor(f"hostfwd_add {NETWORK} {rule}", str(port))
            changed = replace(current, forwards=tuple(sorted((*current.forwards, chosen))))
            write(self.place.directory / RECORD, records.encode(changed))
        return chosen

    def withdraw(self, forward: Forward) -> None:
        """`withdraw(forward)` ends a publication; one that is not there stays away."""
        rule = f"{forward.protocol}:{LOOPBACK}:{forward.host}"
        with locked(self.place, _silent):
            current = _running(self.place)
            if forward not in current.forwards:
                return
            self._monitor(f"hostfwd_remove {NETWORK} {rule}", rule, "not found")
            kept = tuple(other for other in current.forwards if other != forward)
            write(self.place.directory / RECORD, records.encode(replace(current, forwards=kept)))

    def _monitor(self, line: str, place: str, fails: str = "could not") -> None:
        """Say a line to QEMU's monitor, which answers in words and tells failure by them."""
        try:
            with connect(self.place) as qmp:
                answer = qmp.execute("human-monitor-command", {"command-line": line})
        except QmpError as error:
            raise UserError(
                f"QEMU does not take the port: {error}", place, "see `fata lab status`"
            ) from error
        if isinstance(answer, str) and fails in answer.lower():
            raise UserError(
                f"QEMU does not take the port: {answer.strip()[:200]}",
                place,
                "publish another one, or 0 for any that is free",
            )


def up(name: str = DEFAULT, memory: int = MEMORY, report: Report = _silent) -> Lab:
    """`up(name, memory, report)` starts a lab; `memory` is in MiB.

    Raises `UserError` where it runs already, or cannot run.
    """
    place = Place(name)
    with locked(place, report):
        found = _find(place)
        if found is not None:
            raise UserError(
                f"the lab `{name}` is running already",
                f"process {found.qemu.pid}",
                f"use it with `fata lab ssh --name {name}`, end it with `fata lab down --name "
                f"{name}`, or start another with another `--name`",
            )
        return _start(place, memory, report)


def ensure(name: str = DEFAULT, memory: int = MEMORY, report: Report = _silent) -> Lab:
    """`ensure(name, memory, report)` is the running lab of that name, started if it is not."""
    place = Place(name)
    with locked(place, report):
        found = _find(place)
        return _start(place, memory, report) if found is None else Lab(place, found)


def find(name: str = DEFAULT) -> Lab:
    """`find(name)` is the running lab of that name; raises `UserError` where none runs."""
    place = Place(name)
    record = _find(place)
    if record is None:
        raise _not_running(status(name))
    return Lab(place, record)


def status(name: str) -> Status:
    """`status(name)` is what can be told of a lab, whether it runs or not."""
    place = Place(name)
    record = records.load(place.directory)
    if record is not None and record.qemu.alive:
        return Status(name, Condition.RUNNING, record, "")
    if is_locked(place):
        return Status(name, Condition.BUSY, None, "another command works on it")
    return _at_rest(place, record)


def all_labs() -> tuple[Status, ...]:
    """`all_labs()` is the status of every lab that there is, sorted by name."""
    return tuple(status(name) for name in names())


def down(name: str = DEFAULT, report: Report = _silent) -> None:
    """`down(name)` ends a lab with all its guests; the saved state and the keys stay.

    Raises `UserError` where it does not run.
    """
    place = Place(name)
    if not place.directory.is_dir():
        raise _not_running(status(name))
    with locked(place, report):
        record = _running(place)
        _end(place, record)
        _forget(place)


def reset(name: str = DEFAULT, report: Report = _silent) -> bool:
    """`reset(name)` ends a lab and removes its saved state and keys; whether there was anything."""
    import shutil

    place = Place(name)
    there = place.directory.exists()
    with locked(place, report):
        record = _find(place)
        if record is not None:
            _end(place, record)
        shutil.rmtree(place.directory)
    return there


def _start(place: Place, memory: int, report: Report) -> Lab:
    from fata.lab.start import start

    return Lab(place, start(place, memory, report))


def _find(place: Place) -> Record | None:
    record = records.load(place.directory)
    return record if record is not None and record.qemu.alive else None


def _running(place: Place) -> Record:
    """The record of a lab that runs. The caller holds its lock, so nobody else works on it."""
    record = records.load(place.directory)
    if record is None or not record.qemu.alive:
        raise _not_running(_at_rest(place, record))
    return record


def _at_rest(place: Place, record: Record | None) -> Status:
    """What a lab is that does not run and on which nobody works; `record` is what it left."""
    if record is None:
        return Status(place.name, Condition.STOPPED, None, "")
    if record.qemu.boot != this_boot():
        return Status(place.name, Condition.STOPPED, None, "this machine was restarted since")
    end = records.load_end(place.directory)
    note = "QEMU and its supervisor were killed" if end is None else str(end)
    return Status(place.name, Condition.ENDED, record, note)


def _not_running(found: Status) -> UserError:
    name, why = found.name, f": {found.note}" if found.note else ""
    return UserError(
        f"the lab `{name}` is not running{why}", None, f"start it with `fata lab up --name {name}`"
    )


def _refused(place: Place) -> UserError:
    return UserError(
        f"the lab `{place.name}` does not accept the key that was made for it",
        str(place.key),
        f"make it and its keys anew: `fata lab reset --name {place.name}`",
    )


def _end(place: Place, record: Record) -> None:
    """End QEMU in order, and if it does not, at once; its supervisor ends with it."""
    with contextlib.suppress(QmpError), connect(place) as qmp:
        qmp.quit()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if record.qemu.wait(5.0):
            break
        record.qemu.send(number)
    record.qemu.wait(5.0)
    record.supervisor.wait(5.0)


def _forget(place: Place) -> None:
    for name in (RECORD, END, "qmp", place.disk.name):
        (place.directory / name).unlink(missing_ok=True)
