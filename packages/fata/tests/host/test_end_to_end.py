"""The page from the first build to the rollback, as written, with a fresh Debian machine.

The machine is emulated, and so are the guests in it: all that it does takes its time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fata.cache import cache_directory
from tests.brought import TAKE, brought
from tests.story import Story

from .machine import Machine, running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(5400),
    pytest.mark.xdist_group("debian"),
]
_CURL = """\
#!/bin/sh
# `box` is no name of this machine's DNS: it is asked there.
exec ssh root@box python3 -c "'import sys, urllib.request as u
print(u.urlopen(\\"http://127.0.0.1/\\", timeout=120).read().decode())'"
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with running(tmp_path_factory.mktemp("debian")) as machine:
        yield machine


def bring(machine: Machine, directory: Path) -> None:
    """Have the host take in what it cannot fetch."""
    kernels = ("tiny-virtio-", "debian-cloud-")
    archive = brought(directory / "brought", kernels, directory / "hello")
    ssh = (str(machine.room / "bin" / "ssh"), "root@box", TAKE)
    subprocess.run(ssh, input=archive, check=True)


def test_from_a_directory_to_a_live_website(machine: Machine, tmp_path: Path) -> None:
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    for name in ("id_ed25519", "id_ed25519.pub"):
        shutil.copy(machine.key.with_name(name.replace("id_ed25519", "id")), home / name)
        (home / name).chmod(0o600)
    curl = machine.room / "bin" / "curl"
    curl.write_text(_CURL)
    curl.chmod(0o755)
    story = Story(
        tmp_path,
        machine.room / "bin",
        {"HOME": str(home.parent), "XDG_CACHE_HOME": str(cache_directory().parent)},
        instead={'deadline = "2m"': 'deadline = "30m"\ntimeout = "60s"'},
        after={"fata host setup root@box": lambda: bring(machine, tmp_path)},
        seconds=3000,
    )
    try:
        story.tell("docs/end-to-end.md")
    finally:
        (machine.room / "took.json").write_text(json.dumps(story.took, indent=1))
    story.comes_true()
