"""The plug is pulled in the middle of a rollout: then one release is live, and it serves."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fata.deploy.records import database

from .conftest import Project
from .room import Room, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("box")]
NEVER = 1000
"""Answers in a row that no test waits for."""
HOLD = """\
set -e
cp /usr/sbin/nft /run/nft
printf '#!/bin/sh\\nwhile [ -e /run/hold ]; do sleep 0.05; done\\nexec /run/nft "$@"\\n' >/run/held
chmod 755 /run/held
mount --bind /run/held /usr/sbin/nft
"""
"""Has every change of the rules of the host wait while there is a file `/run/hold`."""


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory, room: Room) -> Project:
    """It has a volume, which two guests cannot have at once."""
    source = Path(__file__).with_name("notes")
    return Project(tmp_path_factory.mktemp("notes") / "notes", room, source)


def test_while_the_new_guest_answers_and_traffic_is_not_led_to_it(
    room: Room, project: Project
) -> None:
    project.settings("--say=good")
    project.live()
    project.settings("--say=next", successes=NEVER)

    def both_answer(child: subprocess.Popen[str]) -> None:
        heard(child, "talker.production.g2 answered 200")
        assert len(room.guests()) == 2
        assert stages(room, "talker") == {1: "live", 2: "booted"}

    cut_off(room, project, both_answer)
    serves(room, "good")
    assert stages(room, "talker") == {1: "live", 2: "failed"}
    assert "interrupted" in project.fata("history")


def test_while_the_records_say_so_and_the_rules_do_not(room: Room, project: Project) -> None:
    """What is written down counts: the new release had answered, and it is the one that serves."""
    room.inside("sh", "-c", HOLD)
    project.settings("--say=next", successes=20)

    def between(child: subprocess.Popen[str]) -> None:
        heard(child, "talker.production.g3 answered 200")
        room.inside("touch", "/run/hold")
        until(lambda: stages(room, "talker") == {1: "draining", 2: "failed", 3: "live"})
        assert len(room.guests()) == 2
        assert room.get() == "good"

    cut_off(room, project, between)
    serves(room, "next")
    until(lambda: stages(room, "talker") == {1: "retired", 2: "failed", 3: "live"})
    project.fata("remove", "--yes")


def test_while_the_guest_before_is_stopped_for_its_volume(room: Room, notes: Project) -> None:
    notes.settings("--say=first")
    notes.live()
    assert room.get() == "first"
    notes.settings("--say=second", successes=NEVER)

    def the_new_one_has_it(child: subprocess.Popen[str]) -> None:
        heard(child, "notes.production.g2 answered 200")
        assert len(room.guests()) == 1
        assert stages(room, "notes") == {1: "live", 2: "booted"}

    cut_off(room, notes, the_new_one_has_it)
    serves(room, "first second first")
    assert stages(room, "notes") == {1: "live", 2: "failed"}

    def nobody_has_it(child: subprocess.Popen[str]) -> None:
        heard(child, "stopping notes.production.g1: two cannot own its volume")
        while room.guests():
            pass

    cut_off(room, notes, nobody_has_it)
    serves(room, "first second first first")
    assert stages(room, "notes") == {1: "live", 2: "failed", 3: "failed"}


def cut_off(
    room: Room, project: Project, moment: Callable[[subprocess.Popen[str]], object]
) -> None:
    """Deploy, and pull the plug when that moment has come; then the host starts again."""
    with room.start("deploy", "--no-build", project=project.directory) as child:
        try:
            moment(child)
        finally:
            room.power_off()
            child.communicate(timeout=120)
    assert child.returncode == 1
    room.power_on()
    room.supervise()


def heard(child: subprocess.Popen[str], words: str) -> None:
    """Wait until the command says that."""
    assert child.stderr is not None
    said = []
    for line in child.stderr:
        said.append(line)
        if words in line:
            return
    pytest.fail("".join(said))


def serves(room: Room, answer: str) -> None:
    """The host comes to answer so, with one guest, and goes on."""
    until(lambda: room.get() == answer)
    until(lambda: len(room.guests()) == 1)
    (found,) = room.status()["services"]  # type: ignore[misc]
    assert found["change"] is None
    assert [one["stage"] for one in found["generations"]].count("live") == 1
    assert room.get() == answer


def stages(room: Room, app: str) -> dict[int, str]:
    """What is written down of the generations; the host is not asked, and so does nothing."""
    with contextlib.closing(sqlite3.connect(room.state / database.FILE)) as connection:
        query = "SELECT number, stage FROM generations WHERE app = ?"
        return dict(connection.execute(query, (app,)))
