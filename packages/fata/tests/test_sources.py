"""Whether the project is still what was built, told without reading more than was touched."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fata.image.manifest import Interpreter, Manifest, ProjectFile
from fata.project import Project, load
from fata.sources import changed, key_texts

CONFIG = """\
from fata.dsl import HTTP, JOB, KV_RO, http_server, kv_ro, main, register

register("w", main("website:start", KV_RO >> HTTP >> JOB)(kv_ro("site"), http_server()))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "config.py").write_text(CONFIG)
    (tmp_path / "website.py").write_text("async def start(site, http): ...\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("hello")
    found = load(tmp_path / "config.py", {"target": "virtio"}, {})
    found.output.mkdir(parents=True)
    (found.output / "manifest.json").touch()
    return found


def built(project: Project) -> Manifest:
    """A manifest that is made now; files that are written later are newer than it."""
    names = ("config.py", "site/index.html", "website.py")
    records = []
    for name in names:
        content = (project.directory / name).read_bytes()
        records.append(ProjectFile(name, len(content), hashlib.sha256(content).hexdigest()))
    now = time.time_ns()
    os.utime(project.output / "manifest.json", ns=(now, now))
    return Manifest(
        name="w",
        target="virtio",
        versions={},
        source=None,
        keys=key_texts(project),
        arguments=(),
        interpreter=Interpreter("3", ""),
        requirements=(),
        project=tuple(records),
    )


def later(path: Path, text: str) -> None:
    path.write_text(text)
    after = time.time_ns() + 10**9
    os.utime(path, ns=(after, after))


def test_nothing_has_changed(project: Project) -> None:
    made = built(project)
    assert changed(project, made) == ()
    later(project.directory / "website.py", "async def start(site, http): ...\n")
    assert changed(project, made) == ()


def test_what_was_edited_added_or_removed_is_named(project: Project) -> None:
    made = built(project)
    later(project.directory / "website.py", "async def start(http, site): ...\n")
    later(project.directory / "site" / "new.html", "new")
    (project.directory / "site" / "index.html").unlink()
    assert changed(project, made) == ("site/index.html", "website.py", "site/new.html")


def test_keys_that_were_chosen_since_are_named(project: Project) -> None:
    made = built(project)
    other = load(project.config, {"target": "virtio", "memory": "64"}, {})
    assert changed(other, made) == ("--memory",)


def test_a_manifest_of_an_earlier_fata_claims_nothing_of_files(project: Project) -> None:
    assert changed(project, replace(built(project), project=())) == ()


def test_a_thousand_files_take_milliseconds(project: Project) -> None:
    for number in range(1000):
        (project.directory / "site" / f"{number}.html").write_text("page")
    names = sorted(path.name for path in (project.directory / "site").iterdir())
    digest = hashlib.sha256(b"page").hexdigest()
    pages = tuple(ProjectFile(f"site/{name}", 4, digest) for name in names if name != "index.html")
    made = built(project)
    made = replace(made, project=(*made.project, *pages))
    began = time.process_time()
    assert changed(project, made) == ()
    assert time.process_time() - began < 0.1
