"""A host whose user is not root: QEMU's own network, and a process that leads ports to guests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Project
from .room import TENANT, Room, until
from .work import Work

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.xdist_group("shed")]
LOAD = Path(__file__).with_name("load.py")


@pytest.fixture(scope="module")
def shed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("shed"), rootless=True) as room:
        yield room


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, shed: Room) -> Project:
    return Project(tmp_path_factory.mktemp("rootless") / "talker", shed)


def proxies(room: Room) -> list[str]:
    return room.inside("pgrep", "-f", "fata.deploy.traffic.proxy", check=False).split()


def test_pain_9_no_request_fails_without_root_either(shed: Room, here: Project) -> None:
    """What is done without KVM and without root is tested, not hoped for."""
    here.settings("--say=0")
    assert here.live() == "talker.production.g1"
    assert shed.get() == "0"
    with subprocess.Popen(
        ["nsenter", "--net", "--target", str(shed.pid), sys.executable, "-I", str(LOAD), "8080"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as load:
        assert load.stdout is not None
        assert load.stdout.readline() == "ready\n"
        here.settings("--say=1")
        here.live()
        here.settings("--do=die")
        assert here.deploy().returncode == 1
        out, _ = load.communicate()
    answers = json.loads(out)["answers"]
    assert set(answers) == {"0", "1"}, answers
    assert len(shed.guests()) == 1


def test_a_proxy_that_is_killed_comes_back(shed: Room, here: Project) -> None:
    before = proxies(shed)
    assert len(before) == 1
    shed.inside("kill", "-9", *before)
    until(lambda: shed.get() == "1")
    assert proxies(shed) != before


def test_after_a_power_cut_it_is_as_before(shed: Room, here: Project) -> None:
    shed.power_off()
    shed.power_on()
    shed.supervise()
    until(lambda: shed.get() == "1")
    assert len(shed.guests()) == 1
    assert len(proxies(shed)) == 1


def test_a_push_is_built_apart_without_root_either(
    tmp_path_factory: pytest.TempPathFactory, shed: Room
) -> None:
    """What is pushed runs as the user whose host it is, and does not see what is theirs."""
    work = Work(tmp_path_factory.mktemp("work") / "talker", shed)
    assert shed.fata("host", "remote", project=work.directory).returncode == 0
    shed.give_kernels("talker")
    code, said = work.push()
    assert code == 0, said
    lines = [line.removeprefix("remote:").strip() for line in said.splitlines()]
    at = lines.index(TENANT)
    assert lines[at : at + 4] == [TENANT, "1", "build", "tool"]
    assert {"keys", "repositories", "store"} <= {path.name for path in shed.state.iterdir()}
    assert shed.get() == "hello"
    assert work.there() == work.git("rev-parse", "HEAD")
