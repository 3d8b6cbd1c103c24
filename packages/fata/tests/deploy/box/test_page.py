"""The page from the first build to the rollback, as written, with hosts in rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.story import Story

from .libvirt import domains, use_libvirt
from .room import Room

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("page"),
]


@pytest.mark.parametrize("driver", ["qemu", "libvirt"])
def test_from_a_directory_to_a_live_website(tmp_path: Path, driver: str) -> None:
    with Room(tmp_path / "box") as room:
        if driver == "libvirt":
            use_libvirt(room)
        room.give_kernels("hello")
        room.give_wheels("h11==0.16.0")
        tell(room, tmp_path / "work", driver)


def tell(room: Room, directory: Path, driver: str) -> None:
    directory.mkdir()
    curl = room.directory / "bin" / "curl"
    enter = " ".join(room.enter_words)
    curl.write_text(f'#!/bin/sh\nexec {enter} /usr/bin/curl -sS --resolve box:80:127.0.0.1 "$@"\n')
    curl.chmod(0o755)
    story = Story(
        directory,
        room.directory / "bin",
        {name: room.environment[name] for name in ("HOME", "XDG_CACHE_HOME")},
        # The room is set up already: it has no systemd and no apt.
        without=("fata host setup",),
    )
    story.tell("docs/end-to-end.md")
    story.comes_true()
    assert (story.directory / ".github" / "workflows").is_dir()
    if driver == "libvirt":
        assert domains(room) == ["hello.production.g3"]
    story.tell("docs/deploy.md")
    assert room.guests() == []
