"""Guests that outlive their keepers: who gets another, and what becomes of one that fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fata.deploy.drivers import directory as place
from fata.deploy.drivers.attending import attend
from fata.deploy.drivers.directory import FAILURE, STATE, Started, belongs, read_value
from fata.deploy.drivers.domain_keeper import keep, say_started
from fata.deploy.drivers.processes import LIBVIRT_KEEPER, find
from fata.deploy.drivers.spec import GuestSpec, Limits
from fata.identity import Identity, identify, this_boot
from functoria.error import UserError

NAME = "website.production.g7"
GONE = Identity(1 << 22, 1, this_boot())
_KEEPER = """\
import sys, time
from pathlib import Path
from fata.deploy.drivers.directory import fail
from fata.deploy.drivers.domain_keeper import say_started
from functoria.error import UserError
directory, do = Path(sys.argv[1].partition(":")[2]), sys.argv[2]
if do == "refuse":
    fail(directory, UserError("it has no terminal", None, "deploy it again"))
    sys.exit(1)
say_started(directory)
time.sleep(600)
"""


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """The directory of a guest that was started by a keeper which is gone."""
    spec = GuestSpec(NAME, tmp_path / NAME, Path("/k"), None, "", 64, limits=Limits(cpu=0.5))
    place.prepare(spec, "libvirt")
    place.write_value(spec.directory / STATE, Started(GONE, None, 1000.0))
    return spec.directory


class Launcher:
    """One whose keepers do as they are told: `stay` or `refuse`. It remembers their limits."""

    obstacle = ""

    def __init__(self, do: str = "stay") -> None:
        self._do = do
        self.launched: list[Limits] = []
        self.children: list[subprocess.Popen[bytes]] = []

    def enforceable(self) -> frozenset[str]:
        return frozenset()

    def launch(self, spec: GuestSpec, label: str) -> None:
        self.launched.append(spec.limits)
        self.children.append(subprocess.Popen([sys.executable, "-c", _KEEPER, label, self._do]))

    def forget(self, directory: Path) -> None:
        """It leaves nothing."""


@pytest.fixture
def made() -> Iterator[Callable[..., Launcher]]:
    """`made("stay")` is a launcher whose keepers end with the test."""
    launchers: list[Launcher] = []

    def one(do: str = "stay") -> Launcher:
        launchers.append(Launcher(do))
        return launchers[-1]

    yield one
    for launcher in launchers:
        for child in launcher.children:
            child.kill()
            child.wait()


def runs() -> bool:
    return True


def test_another_keeper_knows_when_the_guest_was_started(
    guest: Path, made: Callable[..., Launcher]
) -> None:
    launcher = made()
    attend(guest, LIBVIRT_KEEPER, launcher, runs)
    keeper = find(guest, LIBVIRT_KEEPER).keeper
    assert keeper is not None
    assert read_value(guest / STATE, Started) == Started(keeper, None, 1000.0)
    assert launcher.launched == [Limits()], "they are the domain's"
    attend(guest, LIBVIRT_KEEPER, launcher, runs)
    assert len(launcher.children) == 1, "one keeper is enough"


def test_what_does_not_run_needs_none(guest: Path, made: Callable[..., Launcher]) -> None:
    launcher = made()
    attend(guest, LIBVIRT_KEEPER, launcher, lambda: False)
    assert launcher.children == []


def test_a_keeper_that_cannot_attach_leaves_the_guest_as_it_was(
    guest: Path, made: Callable[..., Launcher]
) -> None:
    before = read_value(guest / STATE, Started)
    with pytest.raises(UserError, match="it has no terminal"):
        attend(guest, LIBVIRT_KEEPER, made("refuse"), runs)
    assert belongs(guest, "libvirt")
    assert read_value(guest / STATE, Started) == before


def test_without_a_record_of_its_start_there_is_nothing_to_go_on_with(
    guest: Path, made: Callable[..., Launcher]
) -> None:
    (guest / STATE).unlink()
    launcher = made()
    with pytest.raises(UserError, match="not known when it was started"):
        attend(guest, LIBVIRT_KEEPER, launcher, runs)
    assert launcher.children == []


class Keeper:
    """One that says when it has started, and what it does, and fails where it is told to."""

    def __init__(self, directory: Path, error: Exception | None, *, late: bool = False) -> None:
        self._directory = directory
        self._error = error
        self._late = late
        self.did: list[str] = []

    def run(self) -> None:
        self._do("run")

    def attach(self) -> None:
        self._do("attach")

    def _do(self, what: str) -> None:
        self.did.append(what)
        if self._error is None or self._late:
            say_started(self._directory)
        if self._error is not None:
            raise self._error


@pytest.fixture
def signals() -> Iterator[None]:
    """What the process does upon signals is afterwards as it was."""
    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def kept(directory: Path, keeper: Keeper) -> int:
    def given(spec: GuestSpec, signals: socket.socket) -> Keeper:
        assert (spec.directory, signals.fileno() >= 0) == (directory, True)
        return keeper

    return keep(directory, given)


@pytest.mark.usefixtures("signals")
def test_a_guest_that_was_started_is_attached_to_and_another_is_run(guest: Path) -> None:
    keeper = Keeper(guest, None)
    assert kept(guest, keeper) == 0
    (guest / STATE).unlink()
    assert kept(guest, keeper) == 0
    assert keeper.did == ["attach", "run"]
    started = read_value(guest / STATE, Started)
    assert started is not None
    assert started.keeper == identify(os.getpid())


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(("is_there", "done"), [(True, "attached to"), (False, "started")])
def test_why_it_did_not_begin_is_left_behind(guest: Path, is_there: bool, done: str) -> None:
    if not is_there:
        (guest / STATE).unlink()
    assert kept(guest, Keeper(guest, FileNotFoundError(2, "No such file", "/dev/pts/9"))) == 1
    failure = read_value(guest / FAILURE, place.Failure)
    assert failure is not None
    assert (failure.what, failure.where) == (
        f"the guest could not be {done}: no such file",
        "/dev/pts/9",
    )


@pytest.mark.usefixtures("signals")
def test_what_goes_wrong_later_is_no_failure_of_the_guest(guest: Path) -> None:
    """It runs on: it is still ours, and another keeper can attach."""
    with pytest.raises(UserError, match="Xen does not answer"):
        kept(guest, Keeper(guest, UserError("Xen does not answer", None, "wait"), late=True))
    assert belongs(guest, "libvirt")
