"""What is written down of a guest, and what is made of it when it is damaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.drivers import directory as place
from fata.deploy.drivers.directory import Failure, Started
from fata.deploy.drivers.driver import Outcome, State
from fata.deploy.drivers.processes import HYPERVISOR, KEEPER, find, scan
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.drivers.user import guest_user
from fata.exit_codes import NO_OUTCOME
from fata.identity import Identity, this_boot
from functoria.error import UserError

NAME = "website.production.g7"
OUTCOME = Outcome(3, "no such volume", State.ENDED, 1795429917.25)


def spec(guests: Path) -> GuestSpec:
    return GuestSpec(NAME, guests / NAME, Path("/kernel"), None, "quiet", 64)


def test_records_survive_being_written_down(tmp_path: Path) -> None:
    identity = Identity(7, 8, "boot")
    values = (OUTCOME, Started(identity, None, 1.5), Failure("what", None, "do"))
    for value in values:
        place.write_value(tmp_path / "value.json", value)
        assert place.read_value(tmp_path / "value.json", type(value)) == value


@given(st.binary(max_size=300))
def test_damaged_records_read_as_absent(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("record") / "outcome.json"
    path.write_bytes(data)
    assert place.read_value(path, Outcome) is None
    assert place.read_value(path, Started) is None


def test_a_start_keeps_the_console_before_and_forgets_the_rest(tmp_path: Path) -> None:
    place.prepare(spec(tmp_path), "qemu")
    directory = tmp_path / NAME
    (directory / "console").write_bytes(b"the first life\n")
    place.write_value(directory / place.OUTCOME, OUTCOME)
    place.prepare(spec(tmp_path), "libvirt")
    assert (directory / "console.previous").read_bytes() == b"the first life\n"
    assert (directory / "console").read_bytes() == b""
    assert not (directory / place.OUTCOME).exists()
    assert place.read_spec(directory) == spec(tmp_path)
    assert sorted(path.name for path in directory.glob("*.driver")) == ["libvirt.driver"]


def test_a_guest_belongs_to_the_driver_that_started_it(tmp_path: Path) -> None:
    place.prepare(spec(tmp_path), "qemu")
    assert place.names(tmp_path, "qemu") == ()
    (tmp_path / NAME / place.STATE).write_bytes(b"nonsense")
    assert place.names(tmp_path, "qemu") == (NAME,)
    assert place.names(tmp_path, "libvirt") == ()
    assert place.names(tmp_path / "nowhere", "qemu") == ()
    (tmp_path / ".lock").touch()
    (tmp_path / "Not A Guest").mkdir()
    assert place.names(tmp_path, "qemu") == (NAME,)


@pytest.mark.parametrize(
    ("console", "code", "reason", "state"),
    [
        (b"fata: exit 3 no such volume\n", 3, "no such volume", State.ENDED),
        (b"Kernel panic - not syncing: Oops\n", NO_OUTCOME, "kernel panic: Oops", State.CRASHED),
        (b"on we go\n", NO_OUTCOME, "keeper was killed", State.CRASHED),
        (b"", NO_OUTCOME, "keeper was killed", State.CRASHED),
    ],
)
def test_without_a_record_the_console_says_how_it_ended(
    tmp_path: Path, console: bytes, code: int, reason: str, state: State
) -> None:
    (tmp_path / "console").write_bytes(console)
    outcome = place.ended(tmp_path)
    assert (outcome.code, outcome.state) == (code, state)
    assert reason in outcome.reason


def test_the_end_of_the_host_is_no_killed_keeper(tmp_path: Path) -> None:
    started = Started(Identity(7, 8, "another boot"), None, 1.0)
    place.write_value(tmp_path / place.STATE, started)
    assert place.ended(tmp_path).reason == "the host was restarted"
    place.write_value(tmp_path / place.STATE, Started(Identity(7, 8, this_boot()), None, 1.0))
    assert "keeper was killed" in place.ended(tmp_path).reason


def test_a_disk_that_is_full_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"in the way")
    with pytest.raises(UserError, match="directory of the guest cannot be written"):
        place.prepare(spec(tmp_path), "qemu")


def _process(proc: Path, pid: int, *words: str, user: int) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
    os.chown(folder, user, user)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to other users")
def test_only_our_own_processes_are_believed(tmp_path: Path) -> None:
    """Any user may start a program with the words by which we know ours."""
    guests = tmp_path / "guests"
    mine, pid = guests / NAME, os.getpid()
    user = guest_user(mine)
    assert user is not None
    for owner, believed in ((0, True), (user, True), (user + 1, False), (1000, False)):
        proc = tmp_path / f"proc{owner}"
        _process(proc, pid, "qemu", "-name", f"{HYPERVISOR}{mine}", user=owner)
        found = scan(guests, proc=proc)
        assert (found.get(NAME) is not None) == believed
    proc = tmp_path / "proc"
    _process(proc, pid, "python", f"{KEEPER}{mine}", user=user)
    assert scan(guests, proc=proc) == {}
    assert scan(tmp_path / "others", proc=tmp_path / "proc0") == {}


def test_a_guest_without_processes(tmp_path: Path) -> None:
    assert not find(tmp_path / NAME).any
