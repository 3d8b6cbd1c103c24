"""`fata prune`: what no release needs goes, and all that can be returned to stays whole."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from fata.deploy.store.collect import IN_FLIGHT
from fata.image.manifest import FILE_NAME, blobs_of, parse

from .conftest import Project
from .room import Room, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("box")]
KEEP = 2


def test_what_is_kept_can_be_returned_to_and_the_rest_is_gone(room: Room, project: Project) -> None:
    """One story: of four releases the host keeps two beside the live one."""
    builds = [deployed(project, number) for number in (1, 2, 3, 4)]
    store = room.state / "store" / "blobs"
    stored = {path.name for path in store.iterdir()}
    assert set().union(*builds) <= stored

    # What has just arrived may be of a release that is about to be written down.
    assert pruned(project) == set()
    age(store)
    going = pruned(project, "--dry-run")
    assert {path.name for path in store.iterdir()} == stored
    kept = set().union(*builds[1:])
    assert builds[0] - kept <= going
    assert not going & kept
    told = room.fata("prune", "--dry-run", project=project.directory)
    assert f"{len(going)} files would be removed" in told.stderr
    assert pruned(project) == going
    assert {path.name for path in store.iterdir()} == stored - going
    assert pruned(project) == set()
    gone = project.room.fata("rollback", "--generation", "1", project=project.directory)
    assert gone.returncode == 1
    assert "no generation g1 to return to" in gone.stderr
    assert "it can return to g3, g2" in gone.stderr

    (guest,) = room.guests()
    os.kill(guest, signal.SIGKILL)
    until(lambda: room.get() == "4")
    for number in (2, 3):
        project.fata("rollback", "--generation", str(number))
        assert room.get() == str(number)


def deployed(project: Project, number: int) -> set[str]:
    """The files of an image of its own, which is live then."""
    config = project.directory / "config.py"
    before = str(number - 1) if number > 1 else "hello"
    text = config.read_text()
    assert f'"{before}"' in text
    config.write_text(text.replace(f'"{before}"', f'"{number}"'))
    project.settings(more=f"keep = {KEEP}")
    project.fata("build")
    assert project.live() == f"talker.production.g{number}"
    content = (project.directory / "dist" / "talker-virtio" / FILE_NAME).read_bytes()
    blobs = blobs_of(parse(content, FILE_NAME))
    return {hashlib.sha256(content).hexdigest(), *(blob.sha256 for blob in blobs)}


def pruned(project: Project, *words: str) -> set[str]:
    """The names of the files that went, or would."""
    answer: dict[str, Any] = json.loads(project.fata("prune", "--json", *words))
    assert answer["dry_run"] is bool(words)
    return {Path(one["path"]).name for one in answer["removed"]}


def age(store: Path) -> None:
    """Let all there have arrived a while ago."""
    then = time.time() - IN_FLIGHT - 60
    for path in store.iterdir():
        os.utime(path, (then, then))
