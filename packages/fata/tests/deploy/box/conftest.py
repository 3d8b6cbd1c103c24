"""Hosts of one module's tests, and the program that is deployed to them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .client import FATA, Client
from .room import Room

APP = Path(__file__).with_name("app")


class Project:
    """`Project(directory, room)` is a project whose production is on that host.

    `room` is the host, or another client of it; `source` is the program.
    """

    def __init__(self, directory: Path, room: Client, source: Path = APP) -> None:
        self.directory = directory
        self.room = room
        shutil.copytree(source, directory, ignore=shutil.ignore_patterns("_fata", "dist", "__*"))
        self.settings()
        self.fata("configure", "-t", "virtio")
        self.fata("build")

    def settings(
        self,
        *arguments: str,
        more: str = "",
        health: str = "",
        ports: str = "8080:80",
        successes: int = 2,
    ) -> None:
        """Write fata.toml."""
        words = ", ".join(f'"{one}"' for one in arguments)
        (self.directory / "fata.toml").write_text(
            f'[environments.production]\nhost = "{self.room.name}"\nports = ["{ports}"]\n'
            f"arguments = [{words}]\n{more}\n"
            f"[environments.production.health]\nsuccesses = {successes}\n"
            f'interval = "0.2s"\n{health}\n'
        )

    def deploy(self, *words: str) -> subprocess.CompletedProcess[str]:
        """How `fata deploy` ended, of what is built."""
        return self.room.fata("deploy", "--no-build", *words, project=self.directory)

    def fata(self, *words: str) -> str:
        """What a command says that has to succeed."""
        done = self.room.fata(*words, project=self.directory)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def live(self) -> str:
        """Deploy; the guest that is live."""
        done = self.deploy()
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A host with a bridge and nftables, whose agent is root."""
    assert Path(FATA).exists()
    with Room(tmp_path_factory.mktemp("box")) as room:
        yield room


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, room: Room) -> Project:
    """The program, built for that host."""
    return Project(tmp_path_factory.mktemp("project") / "talker", room)
