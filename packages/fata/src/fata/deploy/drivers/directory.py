"""The directory of one guest: what is written down of it, and how it is read again.

    spec.json          what the guest is
    DRIVER.driver      which driver runs it; the name alone says so, whatever the content
    state.json         the processes that it is, once it has started
    failure.json       why it could not be started
    outcome.json       how it ended
    console, console.previous

Everything is replaced as a whole. What is damaged reads as absent: what runs is asked of the
hypervisor, and not of these files.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from fata.deploy.drivers.console import CONSOLE, PREVIOUS
from fata.deploy.drivers.driver import Outcome, State
from fata.deploy.drivers.spec import GuestSpec, check_name, decode, encode
from fata.exit_codes import NO_OUTCOME
from fata.identity import Identity, this_boot
from fata.qemu.console import Lines, Reading
from functoria.action import own_temporary
from functoria.error import UserError

SPEC, STATE, FAILURE, OUTCOME = "spec.json", "state.json", "failure.json", "outcome.json"
_MARK = ".driver"
_LARGEST = 1 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Started:
    """`Started(keeper, guest, at)` is a guest's processes, `at` in seconds since 1970.

    `guest` is the hypervisor's, or `None` where it is not a process that the keeper made.
    """

    keeper: Identity
    guest: Identity | None
    at: float


@dataclass(frozen=True, slots=True)
class Failure:
    """`Failure(what, where, do)` is a `UserError` on its way between processes."""

    what: str
    where: str | None
    do: str

    @property
    def error(self) -> UserError:
        """The error."""
        return UserError(self.what, self.where, self.do)


def write(path: Path, content: bytes) -> None:
    """`write(path, content)` replaces a file as a whole, or leaves it as it was.

    One at a time writes it: whoever starts the guest, and then its keeper.
    """
    handle, temporary = own_temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_value(path: Path, value: Started | Failure | Outcome) -> None:
    """`write_value(path, value)` writes one of the small records."""
    write(path, msgspec.json.encode(value) + b"\n")


def read_value(path: Path, kind: type[T]) -> T | None:
    """`read_value(path, kind)` is the record there; `None` where it is missing or damaged."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, ValueError, RecursionError):
        return None


def read_spec(directory: Path) -> GuestSpec:
    """`read_spec(directory)` is what the guest there was started as. Raises `UserError`.

    Ports that were 0 when it was given are those that were chosen.
    """
    path = directory / SPEC
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(
            f"nothing is known of a guest `{directory.name}`: {(error.strerror or '').lower()}",
            str(path),
            "see with `fata status` which there are",
        ) from None


def prepare(spec: GuestSpec, driver: str) -> None:
    """`prepare(spec, driver)` makes the directory ready for a start. Raises `UserError`."""
    directory = spec.directory
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (STATE, FAILURE, OUTCOME):
            (directory / name).unlink(missing_ok=True)
        for mark in directory.glob(f"*{_MARK}"):
            mark.unlink()
        with contextlib.suppress(FileNotFoundError):
            (directory / CONSOLE).replace(directory / PREVIOUS)
        write(directory / CONSOLE, b"")
        write(directory / SPEC, encode(spec))
        (directory / f"{driver}{_MARK}").touch()
    except OSError as error:
        raise UserError(
            f"the directory of the guest cannot be written: {(error.strerror or '').lower()}",
            str(error.filename or directory),
            "make room on that disk, or give yourself the right to write there",
        ) from error


def fail(directory: Path, error: UserError) -> None:
    """`fail(directory, error)` leaves behind why the guest there could not be started."""
    where = None if error.where is None else str(error.where)
    with contextlib.suppress(OSError):
        write_value(directory / FAILURE, Failure(error.what, where, error.do))


def belongs(directory: Path, driver: str) -> bool:
    """Whether the guest of that directory was started, by that driver."""
    mark = (directory / f"{driver}{_MARK}").exists()
    return mark and (directory / STATE).exists() and not (directory / FAILURE).exists()


def names(guests: Path, driver: str) -> tuple[str, ...]:
    """`names(guests, driver)` is the guests that were started by that driver, sorted."""
    found = []
    with contextlib.suppress(OSError):
        for path in sorted(guests.iterdir()):
            with contextlib.suppress(ValueError):
                check_name(path.name)
                if belongs(path, driver):
                    found.append(path.name)
    return tuple(found)


def unknown(name: str) -> UserError:
    """`unknown(name)` is the error for a guest that is not there."""
    return UserError(
        f"there is no guest `{name}` here", None, "see with `fata status` which there are"
    )


def known(guests: Path, name: str) -> Path:
    """`known(guests, name)` is the directory of that guest's, there or not. Raises `UserError`."""
    try:
        check_name(name)
    except ValueError as error:
        raise UserError(str(error), None, "see with `fata status` which there are") from None
    return guests / name


def ended(directory: Path) -> Outcome:
    """`ended(directory)` is how a guest ended that no longer runs.

    Where its keeper could not say so any more, it is read off the console.
    """
    found = read_value(directory / OUTCOME, Outcome)
    if found is not None:
        return found
    reading, lines, at = Reading(), Lines(), 0.0
    with contextlib.suppress(OSError), (directory / CONSOLE).open("rb") as file:
        at = os.fstat(file.fileno()).st_mtime
        for line in (*lines.feed(file.read()), *lines.end()):
            reading.line(line)
    verdict = reading.verdict
    if verdict is not None:
        return Outcome(verdict.code, verdict.reason or "", State.ENDED, at)
    state = read_value(directory / STATE, Started)
    rebooted = state is not None and state.keeper.boot != this_boot()
    why = "the host was restarted" if rebooted else "its keeper was killed, and it with it"
    return Outcome(NO_OUTCOME, reading.diagnosis() or why, State.CRASHED, at)


@contextlib.contextmanager
def locked(guests: Path, name: str) -> Iterator[None]:
    """Within this context no other process starts or destroys the guest of that name."""
    try:
        guests.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = _lock(_lock_file(guests, name))
    except OSError as error:
        raise UserError(
            f"the directory of guests cannot be written: {(error.strerror or '').lower()}",
            str(guests),
            "make room on that disk, or give yourself the right to write there",
        ) from error
    try:
        yield
    finally:
        os.close(file)


def forget(guests: Path, name: str) -> None:
    """`forget(guests, name)` removes all that is kept of a guest that has ended.

    What cannot be removed stays until the next time. Raises `UserError`.
    """
    if not any(path.exists() for path in (guests / name, _lock_file(guests, name))):
        return
    with locked(guests, name):
        shutil.rmtree(guests / name, ignore_errors=True)
        with contextlib.suppress(OSError):
            _lock_file(guests, name).unlink(missing_ok=True)


def _lock_file(guests: Path, name: str) -> Path:
    return guests / f".{name}.lock"


def _lock(path: Path) -> int:
    """The file, locked; it is removed with its guest, so that it may be another one by then."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file), path.stat()):
                    return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
