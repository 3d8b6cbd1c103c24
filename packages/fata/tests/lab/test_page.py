"""The page from the first build to the rollback, as written, with a lab in the place of a host."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fata import lab as labs
from fata.cache import cache_directory
from fata.lab import Forward, Lab
from fata.lab.machine import ADDRESS
from tests.brought import TAKE, brought
from tests.story import Story

NAME = "test-page"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(3600),
    # `fata run` has guests on the user's own lab, as other tests of this group do.
    pytest.mark.xdist_group("xen"),
]


@pytest.fixture
def host() -> Iterator[Lab]:
    """A Xen host of our own, ended with the test."""
    yield labs.ensure(NAME)
    labs.reset(NAME)


def test_from_a_directory_to_a_live_website(host: Lab, tmp_path: Path) -> None:
    port = host.publish(Forward(0, ADDRESS, 80)).host
    story = Story(
        tmp_path,
        programs(host, tmp_path, port),
        {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(cache_directory().parent)},
        instead={
            "-t virtio": "-t xen",
            'deadline = "2m"': 'deadline = "10m"\ntimeout = "30s"',
        },
        after={"fata host setup root@box": lambda: bring(host, tmp_path)},
        seconds=1800,
    )
    try:
        story.tell("docs/end-to-end.md")
    finally:
        (tmp_path / "took.json").write_text(json.dumps(story.took, indent=1))
    story.comes_true()
    (setup,) = story.answers("fata host setup root@box")
    assert "root@box is a lab, which is a Xen host already" in setup
    names = [line.split()[0] for line in host.run(["xl", "list"]).out.decode().splitlines()]
    assert names == ["Name", "Domain-0", "hello.production.g3"]


def bring(host: Lab, directory: Path) -> None:
    """Have the host take in what it cannot fetch."""
    kernels = ("tiny-xen-", "debian-cloud-")
    archive = brought(directory / "brought", kernels, directory / "hello")
    host.run(["sh", "-c", TAKE], archive)


def programs(host: Lab, directory: Path, port: int) -> Path:
    """An ssh that knows the lab as `box`, with a key of the user's, and a curl that does."""
    home = directory / "home" / ".ssh"
    home.mkdir(parents=True)
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "id_ed25519"))
    subprocess.run(words, check=True)
    config = directory / "ssh_config"
    config.write_text(host.place.ssh_config.read_text().replace("Host lab", "Host box"))
    made = directory / "bin"
    made.mkdir()
    commands = {
        "ssh": f"{shutil.which('ssh')} -F {config}",
        "curl": f"{shutil.which('curl')} -sS --connect-to box:80:127.0.0.1:{port}",
    }
    for name, command in commands.items():
        (made / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (made / name).chmod(0o755)
    return made
