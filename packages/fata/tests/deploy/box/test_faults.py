"""What may go wrong with real guests and real connections."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from .conftest import Project
from .room import Room, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.xdist_group("push")]


def test_pain_6_one_that_floods_its_console_serves_and_fills_no_disk(
    room: Room, project: Project
) -> None:
    """The console is bounded, and what is shown of it does nothing to a terminal."""
    project.settings("--say=wet", "--do=flood")
    guest = project.live()
    console = room.state / "guests" / guest / "console"
    until(lambda: "flooded" in console.read_text(errors="replace"))
    assert room.get() == "wet"
    assert console.stat().st_size < 4 << 20
    shown = project.fata("logs", "--no-follow")
    assert "flooded" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_pain_2_one_that_uses_all_its_memory_fails_and_the_one_before_serves(
    room: Room, project: Project
) -> None:
    """It is said that it was the memory."""
    project.settings("--say=good")
    good = project.live()
    project.settings("--do=eat", health='deadline = "60s"')
    done = project.deploy()
    assert done.returncode == 1
    assert "memory" in done.stderr, done.stderr
    assert f"{good} still serves" in done.stderr
    assert room.get() == "good"
    assert len(room.guests()) == 1


def test_a_guest_that_hangs_is_ended_and_started_again(room: Room, project: Project) -> None:
    project.settings("--say=good", health='deadline = "20s"\ntimeout = "1s"')
    project.live()
    (guest,) = room.guests()
    os.kill(guest, signal.SIGSTOP)
    until(lambda: room.guests() not in ([], [guest]), 240)
    until(lambda: room.get() == "good")
    assert "did not answer 6 times in a row" in project.fata("history")


def test_a_host_that_goes_away_while_it_deploys(room: Room, project: Project) -> None:
    """The connection is frozen, as by a cable that is pulled: the client notices, and says so.

    The host goes on without the client; the same command, run again, finds all done.
    """
    project.settings("--say=before")
    project.live()
    project.settings("--say=after")
    before = set(sessions(room))
    with room.start("deploy", "--no-build", project=project.directory) as child:
        until(lambda: len(room.guests()) == 2)
        frozen = [one for one in sessions(room) if one not in before]
        assert frozen
        for one in frozen:
            os.kill(one, signal.SIGSTOP)
        _, err = child.communicate(timeout=300)
    assert child.returncode == 1
    assert f"the connection to {room.name} was lost" in err
    assert "run the command again" in err
    for one in frozen:
        os.kill(one, signal.SIGKILL)
    until(lambda: room.get() == "after")
    until(lambda: project.deploy("--wait", "60s").returncode == 0)
    assert room.get() == "after"
    assert len(room.guests()) == 1


def sessions(room: Room) -> list[int]:
    """The sshds of the host, as this machine numbers them."""
    namespace = Path(f"/proc/{room.pid}/ns/pid").readlink()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name = (entry / "comm").read_text().strip()
                same = (entry / "ns" / "pid").readlink() == namespace
            except OSError:
                continue
            if same and name.startswith("sshd"):
                found.append(int(entry.name))
    return found
