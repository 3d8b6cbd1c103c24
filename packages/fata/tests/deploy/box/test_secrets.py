"""Secrets from the keyboard to the program, and in no place besides."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .answers import answers
from .conftest import Project
from .room import Room

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("box")]
FIRST, SECOND = "correct horse battery", "staple of the second day"
DISKS = "/run/fata/secrets"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, room: Room) -> Project:
    return Project(
        tmp_path_factory.mktemp("project") / "keyed", room, Path(__file__).with_name("keyed")
    )


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def give(project: Project, value: str) -> str:
    """Set the secret, as with `echo VALUE | fata secrets set`; what the command says."""
    done = project.room.fata(
        "secrets", "set", "signing-key", project=project.directory, content=f"{value}\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_a_secret_is_set_and_changed_and_nobody_else_learns_it(
    room: Room, project: Project
) -> None:
    """One story: a release without its secret, with it, and with another."""
    unset = project.deploy()
    assert unset.returncode == 1
    assert "signing-key" in unset.stderr

    with watched_commands() as commands:
        told = give(project, FIRST)
        assert "run `fata restart`, or deploy" in told
        assert project.live() == "keyed.production.g2"
        assert room.get() == digest(FIRST)
        with answers(room) as said:
            told += give(project, SECOND)
            # What runs goes on with what it has.
            assert room.get() == digest(FIRST)
            assert project.fata("restart").strip() == "keyed.production.g3"
            assert room.get() == digest(SECOND)
    assert set(said) == {digest(FIRST), digest(SECOND)}, said
    assert project.fata("secrets", "list").split()[:2] == ["signing-key", "v2"]

    nowhere("a command", *commands)
    told += all_that_is_told(project)
    nowhere("what is told", told.encode())
    # The audit log has who asked, and what for.
    assert '"name": "signing-key"' in told
    assert told.count('"verb": "secrets"') == 3
    for path, content in files(room.directory, project.directory):
        nowhere(str(path), content)
    it_is_where_it_belongs(room, project)


def all_that_is_told(project: Project) -> str:
    words = (
        *(("logs", "--no-follow"), ("console",), ("console", "--generation", "2")),
        *(("history", "--json"), ("status", "--json"), ("audit", "--json")),
    )
    return "".join(project.fata(*one) for one in words)


def it_is_where_it_belongs(room: Room, project: Project) -> None:
    """In memory, for the guest that runs, and for root alone."""
    disks = room.inside("find", DISKS, "-type", "f", "-printf", "%m %p\n").splitlines()
    assert disks == [f"400 {DISKS}/keyed.production.g3/secrets.img"]
    disk = room.inside("cat", disks[0].partition(" ")[2])
    assert shown(SECOND, disk.encode())
    assert not shown(FIRST, disk.encode())
    project.fata("stop")
    assert room.inside("find", DISKS, "-type", "f") == ""


@contextlib.contextmanager
def watched_commands() -> Iterator[list[bytes]]:
    """The command lines and environments of all processes of this machine, while the block runs."""
    seen: set[bytes] = set()
    end = threading.Event()

    def watch() -> None:
        while not end.wait(0.02):
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    with contextlib.suppress(OSError):
                        seen.add((entry / "cmdline").read_bytes())
                        seen.add((entry / "environ").read_bytes())

    watching = threading.Thread(target=watch)
    watching.start()
    found: list[bytes] = []
    try:
        yield found
    finally:
        end.set()
        watching.join()
        found += sorted(seen)
    # It would have been noticed: the commands that carry the value were.
    for words in (b"\0secrets\0set\0signing-key", b"agent\0--root\0/var/lib/fata\0secrets\0"):
        assert any(words in one for one in found)


def nowhere(where: str, *contents: bytes) -> None:
    for content in contents:
        for value in (FIRST, SECOND):
            assert not shown(value, content), where


def shown(value: str, content: bytes) -> bool:
    """Whether the value is there, as it is, or as somebody may have written it down."""
    plain = value.encode()
    forms = {plain, plain.hex().encode(), plain.hex().upper().encode()}
    for before in range(3):  # in base64 a text looks as where it begins in a longer one has it
        text = base64.b64encode(bytes(before) + plain)
        forms.add(text[4 if before else 0 : -4])
    return any(form in content for form in forms)


def files(*places: Path) -> Iterator[tuple[Path, bytes]]:
    """All that lies below the places, and what is packed in it."""
    for place in places:
        for path in sorted(place.rglob("*")):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                yield path, content
                if content.startswith(b"\x1f\x8b"):
                    yield path, zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content)
