"""Clients with different versions of fata, and one host."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

import fata
from fata.deploy.records import database
from fata.versions import VERSION

from .answers import answers
from .client import Client
from .conftest import Project
from .room import Room, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("box")]
OLDER, NEWER = "0.1.7", "9.0.1"
TOLD = "box has a newer fata"


@pytest.fixture(scope="module")
def older(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return client(room, tmp_path_factory.mktemp("older"), OLDER)


@pytest.fixture(scope="module")
def newer(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return client(room, tmp_path_factory.mktemp("newer"), NEWER)


def client(room: Room, directory: Path, version: str) -> Client:
    """The room's own client, with this fata under another number."""
    (source,) = fata.__path__
    shutil.copytree(source, directory / "fata", ignore=shutil.ignore_patterns("__pycache__"))
    named = directory / "fata" / "versions.py"
    named.write_text(named.read_text().replace(f'"{VERSION}"', f'"{version}"'))
    found = distribution("fata")
    information = directory / f"fata-{version}.dist-info"
    information.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        text = found.read_text(name)
        assert text is not None
        changed = text.replace(f"\nVersion: {found.version}\n", f"\nVersion: {version}\n")
        (information / name).write_text(changed)
    before = room.environment.get("PYTHONPATH")
    path = str(directory) if before is None else f"{directory}:{before}"
    made = Client(room.home, room.programs, room.name, {"PYTHONPATH": path})
    assert made.fata("--version").stdout.strip().endswith(version)
    return made


def test_the_newest_looks_after_a_host_and_the_others_work_beside_it(
    room: Room, project: Project, older: Client, newer: Client
) -> None:
    project.settings("--say=ours")
    project.live()
    ours = supervisor(room)
    assert ours[1] == VERSION
    with answers(room) as said:
        told = deployed(project, older, "older")
        assert f"{TOLD}, which goes on looking after its guests" in told, told
        assert supervisor(room) == ours

        assert TOLD not in deployed(project, newer, "newer")
        until(lambda: supervisor(room) == (ours[0], NEWER))

        # Its own is still there, and nothing is shipped.
        told = deployed(project, older, "older again")
        assert "shipping fata" not in told
        assert supervisor(room) == (ours[0], NEWER)
    assert set(said) == {"ours", "older", "newer", "older again"}, said
    assert len(room.guests()) == 1
    assert (room.state / "bin" / "fata").resolve() == bundle(room, "current") / "fata"


def test_records_that_are_too_new_are_left_alone(
    room: Room, project: Project, older: Client
) -> None:
    """A later fata may keep more in them than an older one would leave there."""
    with records_of_a_later_version(room):
        for words in (("status",), ("restart",), ("deploy", "--no-build")):
            done = older.fata(*words, project=project.directory)
            assert done.returncode == 1
            assert "the host's records are of a newer fata" in done.stderr, done.stderr
            assert "update the fata that you run" in done.stderr
        assert room.get() == "older again"
    assert older.fata("status", project=project.directory).returncode == 0


def deployed(project: Project, by: Client, say: str) -> str:
    """What the client is told while it deploys a program that says that."""
    project.settings(f"--say={say}")
    done = by.fata("deploy", "--no-build", project=project.directory)
    assert done.returncode == 0, done.stderr
    assert project.room.status()["host"]
    return done.stderr


def supervisor(room: Room) -> tuple[str, str]:
    """The supervisor's process on the host, and the version of fata that it is."""
    (pid,) = room.inside("pgrep", "-f", f"agent --root {room.where} supervise").split()
    maps = room.inside("cat", f"/proc/{pid}/maps")
    (digest,) = set(re.findall(r"/tool/([0-9a-f]{64})/lib/", maps))
    (information,) = (room.state / "tool" / digest / "lib").glob("fata-*.dist-info")
    return pid, information.name.removeprefix("fata-").removesuffix(".dist-info")


def bundle(room: Room, name: str) -> Path:
    return (room.state / "tool" / name).resolve()


@contextlib.contextmanager
def records_of_a_later_version(room: Room) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(room.state / database.FILE)) as connection:
        connection.execute(f"PRAGMA user_version = {database.VERSION + 1}")
        try:
            yield
        finally:
            connection.execute(f"PRAGMA user_version = {database.VERSION}")
