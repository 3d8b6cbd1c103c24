"""What is in an image, and what is not."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fata.image import manifest
from fata.qemu.wait import wait_http
from tests.conftest import ROOT, MakeProject, Project, StartRun

pytestmark = pytest.mark.e2e


def unpacked(project: Project, into: Path) -> Path:
    """The root file system, unpacked by tools that are not ours."""
    (initramfs,) = project.output.glob("initramfs-*")
    into.mkdir()
    content = subprocess.run(["zstd", "-dcq", initramfs], capture_output=True, check=True).stdout
    # The kernel reads archives one behind the other, and GNU cpio only the first.
    for archive in re.findall(rb"(.*?TRAILER!!!\0+)", content, re.DOTALL):
        subprocess.run(["cpio", "-idmu", "--quiet"], input=archive, cwd=into, check=True)
    return into


def manifest_of(project: Project) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((project.output / "manifest.json").read_text())
    return data


@pytest.mark.parametrize("example", ["hello", "website", "asgi", "echo"])
def test_an_image_holds_what_is_listed_and_nothing_else(
    project: MakeProject, tmp_path: Path, example: str
) -> None:
    built = project(example).built()
    root = unpacked(built, tmp_path / "root")
    found = {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    listed = {record["path"]: record for record in manifest_of(built)["files"]}
    directories = {name for name, record in listed.items() if record["kind"] == "directory"}
    assert set(found) == set(listed) - directories
    for name, path in found.items():
        if path.is_file() and not path.is_symlink():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == listed[name]["sha256"], name
    listing = built.ok("describe", "--image").out
    assert all(f" {name}  (" in listing for name in listed)


def test_an_image_has_no_shell_and_one_program_to_execute(
    project: MakeProject, tmp_path: Path
) -> None:
    root = unpacked(project("asgi").built(), tmp_path / "root")
    executable = [p for p in root.rglob("*") if p.is_file() and p.stat().st_mode & 0o111]
    programs = sorted(re.sub(r"\d.*", "", path.name) for path in executable)
    assert programs == ["ld-linux-x", "python"]
    names = {path.name for path in root.rglob("*")}
    assert not {"sh", "bash", "dash", "busybox", "init.d", "passwd"} & names
    sources = [path.relative_to(root).parts[:2] for path in root.rglob("*.py")]
    assert set(sources) == {("app", "anyio")}  # which reads its own sources


def test_the_tool_and_its_libraries_are_not_in_the_image(
    project: MakeProject, tmp_path: Path
) -> None:
    root = unpacked(project("website").built(), tmp_path / "root")
    top = {path.name.partition(".")[0] for path in (root / "app").iterdir()}
    assert top == {"dropped", "fata_main", "h11", "init", "libos", "website"} | (
        {"kernel-modules"} if (root / "app/kernel-modules").exists() else set()
    )


def test_two_builds_in_two_directories_are_the_same_image(
    project: MakeProject, tmp_path: Path
) -> None:
    first = project("asgi").built()
    second = Project(tmp_path / "elsewhere" / "deeper")
    second.directory.parent.mkdir()
    subprocess.run(["cp", "-r", first.directory, second.directory], check=True)
    second.ok("clean")
    cache = str(tmp_path / "cache")
    second.ok("configure", "-t", "virtio", "--kernel", "debian", PYTHONHASHSEED="7")
    second.ok("build", XDG_CACHE_HOME=cache, PYTHONHASHSEED="7")
    first.ok("configure", "-t", "virtio", "--kernel", "debian", PYTHONHASHSEED="1")
    first.ok("build", PYTHONHASHSEED="1")
    names = [sorted(path.name for path in p.output.iterdir()) for p in (first, second)]
    assert names[0] == names[1]
    contents = [
        {name: (p.output / name).read_bytes() for name in names[0]} for p in (first, second)
    ]
    # It has absolute paths, for libvirt takes no others, and whether KVM works, if that is known.
    (libvirt,) = (name for name in names[0] if name.endswith(".libvirt.xml"))
    for made, content in zip((first, second), contents, strict=True):
        assert str(made.directory) in content.pop(libvirt).decode()
    assert contents[0] == contents[1]


def test_the_manifest_follows_its_published_schema(project: MakeProject) -> None:
    schema = json.loads((ROOT / "docs" / "manifest.schema.json").read_text())
    assert schema == json.loads(json.dumps(manifest.json_schema()))
    for built in (project("website").built(), project("echo").built("-t", "unix")):
        jsonschema.validate(manifest_of(built), schema)
    image = manifest_of(Project(project("hello").built().directory))["image"]
    assert image["digest"].startswith("sha256:")


def test_a_guest_compiles_nothing_at_start(project: MakeProject, running: StartRun) -> None:
    built = project("asgi").built()
    run = running(built, "-p", "0:80", "--kernel-word", "fata.audit")
    assert wait_http(run.port(80), "/", 120).status == 200
    assert "fata: compiled" not in run.text
    built.write("notes.py", (built.directory / "notes.py").read_text() + PROOF)
    built.ok("build")
    proof = built.fata("run", "--kernel-word", "fata.audit")
    assert "fata: compiled /tmp/proof.py" in proof.out  # the watch would have seen it


PROOF = """
import sys
open("/tmp/proof.py", "w").write("1")
sys.path.append("/tmp")
import_ = __import__
import_("proof")
raise SystemExit(0)
"""


def test_the_website_serves_with_64_mib(project: MakeProject, running: StartRun) -> None:
    built = project("website").built("--kernel", "tiny")
    run = running(built, "-m", "64", "-p", "0:80")
    assert wait_http(run.port(80), "/", 120).status == 200


def test_why_a_module_is_in_the_image(project: MakeProject) -> None:
    built = project("asgi").built()
    chain = built.ok("describe", "--why", "starlette.routing").out.splitlines()
    assert "notes.py:" in chain[-1] or any("notes.py:" in line for line in chain)
    assert chain[-1].endswith("imports starlette.routing")
    assert built.ok("describe", "--why", "libc.so.6").out.splitlines()[-1].startswith("lib/")
    missing = built.fata("describe", "--why", "unittest.mock")
    assert missing.code == 1
    assert 'add include=["unittest.mock"]' in missing.err
    nowhere = built.fata("describe", "--why", "no_such_module")
    assert nowhere.code == 1
    assert "there is no `no_such_module`, neither in the image nor among" in nowhere.err
    assert "include" not in nowhere.err
