"""A build that ends at any moment leaves the previous one usable, and nothing half-written."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fata.run import check
from tests.conftest import FATA, MakeProject, Project

pytestmark = pytest.mark.e2e


def digest(project: Project) -> str:
    """The identity of the image that stands, every file of it verified."""
    made = check(project.output)
    assert made.image is not None
    return made.image.digest


def test_a_build_that_is_killed_at_any_moment_leaves_the_previous_image(
    project: MakeProject,
) -> None:
    website = project("website").built("--kernel", "debian")
    first, files = digest(website), sorted(website.output.iterdir())
    seconds = _duration(website)
    for part in range(12):
        website.write("site/page.html", f"page {part}")
        process = subprocess.Popen(
            [FATA, "build", "-q"], cwd=website.directory, stdout=subprocess.DEVNULL
        )
        time.sleep(seconds * part / 11)
        process.send_signal(signal.SIGKILL if part % 2 else signal.SIGINT)
        process.wait(120)
        digest(website)
    website.ok("build")
    assert digest(website) != first
    (website.directory / "site/page.html").unlink()
    website.ok("build")
    assert digest(website) == first
    assert sorted(website.output.iterdir()) == files


def _duration(project: Project) -> float:
    began = time.monotonic()
    project.ok("build", "-q")
    return time.monotonic() - began


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes: it takes a first image and no second one."""
    directory = tmp_path / "disk"
    directory.mkdir()
    if os.geteuid() != 0:
        pytest.fail("this test mounts a small file system: run it as root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=21m", "fata-test", directory], check=True)
    yield directory
    subprocess.run(["umount", directory], check=True)


def test_a_full_disk_is_reported_and_the_previous_image_stands(
    project: MakeProject, small_disk: Path
) -> None:
    source = project("website")
    website = Project(small_disk / "website")
    shutil.copytree(source.directory, website.directory)
    website.built("--kernel", "debian")
    first = digest(website)
    website.write("site/page.html", "changed")
    result = website.fata("build")
    assert result.code == 1
    assert "No space left on device" in result.err
    assert "what was there before is still usable" in result.err
    assert digest(website) == first
    assert not [path for path in website.output.iterdir() if path.name.startswith(".")]


def test_a_full_disk_while_configuring_leaves_the_old_files(
    project: MakeProject, small_disk: Path
) -> None:
    hello = Project(small_disk / "hello")
    shutil.copytree(project("hello").directory, hello.directory)
    hello.ok("configure", "-t", "virtio")
    before = (hello.directory / "_fata/main.py").read_bytes()
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(65536))
    result = hello.fata("configure", "-t", "unix")
    assert result.code == 1
    assert "No space left on device" in result.err
    assert (hello.directory / "_fata/main.py").read_bytes() == before
    keys = json.loads((hello.directory / "_fata/context.json").read_text())["keys"]
    assert keys["target"] == "virtio"
