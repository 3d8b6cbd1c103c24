"""A host whose guests libvirt runs: `driver = "libvirt"` in host.toml, with the real daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Project
from .libvirt import domains, use_libvirt
from .room import Room, until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("page"),
]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("box")) as room:
        use_libvirt(room)
        yield room


def test_releases_come_and_go(room: Room, tmp_path: Path) -> None:
    project = Project(tmp_path / "talker", room)
    project.settings("--say=one")
    assert project.live() == "talker.production.g1"
    assert room.get() == "one"
    assert domains(room) == ["talker.production.g1"]

    project.settings("--say=two")
    assert project.live() == "talker.production.g2"
    assert room.get() == "two"
    assert domains(room) == ["talker.production.g2"]

    project.settings("--do=die")
    done = project.deploy()
    assert done.returncode == 1
    assert "exit code 3" in done.stderr
    assert "talker.production.g2 still serves" in done.stderr
    assert room.get() == "two"

    project.fata("rollback")
    assert room.get() == "one"
    assert "listening on port 80" in project.fata("logs", "--no-follow")

    kill_keeper(room, "talker.production.g4")
    until(lambda: "its keeper was killed, and it has another" in project.fata("history"))
    assert room.get() == "one"
    room.inside("virsh", "-q", "-c", "qemu:///system", "destroy", "talker.production.g4")
    until(lambda: room.get() == "one")
    project.fata("remove", "--yes")
    assert domains(room) == []


def kill_keeper(room: Room, guest: str) -> None:
    label = f"libvirt_keeper:/var/lib/fata/guests/{guest}$"
    (keeper,) = room.inside("pgrep", "--full", label).split()
    room.inside("kill", "-KILL", keeper)
