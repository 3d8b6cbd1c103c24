"""Deployments to a real host: ssh, QEMU, a bridge, nftables, and whatever may go wrong there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Project
from .room import Room, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("box")]
LOAD = Path(__file__).with_name("load.py")


def service(room: Room) -> Any:
    (found,) = [each for each in room.status()["services"] if each["app"] == "talker"]  # type: ignore[attr-defined]
    return found


def stages(room: Room) -> dict[int, str]:
    return {each["number"]: each["stage"] for each in service(room)["generations"]}


def live(room: Room) -> Any:
    found = service(room)
    return next(each for each in found["generations"] if each["number"] == found["live"])


def test_a_release_goes_live_and_the_next_one_replaces_it(room: Room, project: Project) -> None:
    project.settings("--say=one")
    assert project.live() == "talker.production.g1"
    assert room.get() == "one"
    project.settings("--say=two")
    assert project.live() == "talker.production.g2"
    assert room.get() == "two"
    assert stages(room) == {1: "retired", 2: "live"}
    assert len(room.guests()) == 1


def test_pain_1_a_guest_that_is_killed_runs_again(room: Room, project: Project) -> None:
    """What runs is what should run, and not what is written down."""
    project.settings("--say=one")
    project.live()
    os.kill(room.guests()[0], signal.SIGKILL)
    until(lambda: room.get() == "one")
    assert live(room)["restarts"] == 1
    assert "SIGKILL" in project.fata("history")


def test_no_request_fails_while_releases_come_and_go(room: Room, project: Project) -> None:
    project.settings("--say=0")
    project.live()
    with subprocess.Popen(
        ["nsenter", "--net", "--target", str(room.pid), sys.executable, "-I", str(LOAD), "8080"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as load:
        assert load.stdout is not None
        assert load.stdout.readline() == "ready\n"
        for number in (1, 2):
            project.settings(f"--say={number}")
            project.live()
        project.settings("--do=fail", health='deadline = "6s"')
        assert project.deploy().returncode == 1
        project.fata("rollback")
        out, _ = load.communicate()
    answers = json.loads(out)["answers"]
    assert set(answers) == {"0", "1", "2"}, answers
    assert all(answers.values())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--do=fail",), "500 Internal Server Error"),
        (("--do=sleep",), "refused the connection"),
        (("--do=die",), "exit code 3"),
    ],
)
def test_pain_2_a_failed_release_leaves_the_one_before_and_says_why(
    room: Room, project: Project, arguments: tuple[str, ...], told: str
) -> None:
    """The last lines, the last answer and the meaning of the exit code are shown."""
    project.settings("--say=good")
    good = project.live()
    project.settings(*arguments, health='deadline = "15s"')
    done = project.deploy()
    assert done.returncode == 1
    assert told in done.stderr
    assert f"{good} still serves" in done.stderr
    assert "the end of its console:" in done.stderr
    assert room.get() == "good"
    number = service(room)["generations"][0]["number"]
    assert stages(room)[number] == "failed"
    console = project.fata("console", "--generation", str(number))
    assert "info net: eth0: 10.77.0." in console
    assert len(room.guests()) == 1


def test_pain_5_an_agent_and_a_supervisor_that_are_killed_leave_nothing_behind(
    room: Room, project: Project
) -> None:
    """No guest, tap, rule or lease is orphaned by a rollout that is cut off."""
    project.settings("--say=good")
    project.live()
    project.settings("--do=fail", health='deadline = "60s"')
    with room.start("deploy", "--no-build", project=project.directory) as child:
        until(lambda: len(room.guests()) == 2)
        # The agent is killed, and so is the supervisor; a client who is gone changes nothing.
        child.kill()
        room.inside("pkill", "-KILL", "-f", "fata agent|/fata --root|tool/.*agent", check=False)
        room.supervise()
        until(lambda: len(room.guests()) == 1)
        child.communicate()
    until(lambda: service(room)["generations"][0]["stage"] == "failed")
    assert service(room)["generations"][0]["reason"] == "interrupted"
    assert service(room)["change"] is None
    assert room.get() == "good"
    links = json.loads(room.inside("ip", "-json", "link", "show", "master", "fata0"))
    assert len(links) == 1


def test_after_a_power_cut_what_should_run_runs(room: Room, project: Project) -> None:
    project.settings("--say=good")
    project.live()
    room.power_off()
    room.power_on()
    room.supervise()
    until(lambda: room.get() == "good")
    assert service(room)["wanted"] == "running"


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_a_client_that_goes_away_does_not_end_a_rollout(
    room: Room, project: Project, way: signal.Signals
) -> None:
    project.settings("--say=before")
    project.live()
    project.settings("--say=after")
    with room.start("deploy", "--no-build", project=project.directory) as child:
        until(lambda: len(room.guests()) == 2)
        child.send_signal(way)
        _, said = child.communicate()
        until(lambda: room.get() == "after")
    until(lambda: service(room)["change"] is None)
    if way is signal.SIGINT:
        assert child.returncode == 130
        goes_on = "  what the host has begun goes on there: see `fata status`\n\ninterrupted\n"
        assert said.endswith(goes_on)


def test_stop_restart_and_remove(room: Room, project: Project) -> None:
    project.settings("--say=good")
    project.live()
    project.fata("stop")
    assert room.guests() == []
    assert room.get() == ""
    project.fata("restart")
    assert room.get() == "good"
    assert "listening on port 80" in project.fata("logs", "--no-follow")
    unasked = room.fata("remove", project=project.directory)
    assert unasked.returncode == 1
    assert "nothing was removed, for nobody said yes" in unasked.stderr
    assert room.get() == "good"
    project.fata("remove", "--yes")
    assert room.guests() == []
    never = room.fata("history", "--app", "stranger", "--to", room.name)
    assert never.returncode == 1
    assert "has never had `stranger` in `production`" in never.stderr
    done = room.fata("status", "--app", "talker", "--to", room.name)
    assert done.returncode == 1
    assert "has no `talker` in `production`" in done.stderr
