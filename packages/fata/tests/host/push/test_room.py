"""What root does with a directory that belongs to what was pushed."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import uv

from fata.host.push import room
from fata.host.push.installer import installing
from fata.host.push.limits import Limits
from fata.host.push.sandbox import Sandbox
from fata.host.push.updates import Update, parse
from fata.host.push.watch import size
from functoria import UserError


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    return room.open_room(tmp_path, "app", None, Limits(disk=4))


def archive(**contents: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    file.seek(0)
    return file


def test_a_room_is_emptied_but_for_its_cache(tmp_path: Path, box: Sandbox) -> None:
    for name in (room.WORK, room.AGAIN, room.CACHE, room.HOME):
        (box.directory / name).mkdir(exist_ok=True)
        (box.directory / name / "left").touch()
    room.open_room(tmp_path, "app", None, Limits())
    assert [str(p.relative_to(box.directory)) for p in box.directory.rglob("left")] == [
        "cache/left"
    ]


def test_a_link_left_for_the_next_build_is_not_followed(tmp_path: Path, box: Sandbox) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "key").touch()
    work = box.directory / room.WORK
    work.rmdir()
    work.symlink_to(precious)
    room.open_room(tmp_path, "app", None, Limits())
    assert (precious / "key").exists()
    assert not work.is_symlink()


def test_files_go_in_and_come_out(tmp_path: Path, box: Sandbox) -> None:
    work = box.directory / room.WORK
    room.put(box, archive(**{"dist/web/kernel": b"k", "dist/web/manifest.json": b"{}"}), work)
    room.take(box, work, ("dist",), tmp_path / "out")
    assert (tmp_path / "out" / "dist" / "web" / "kernel").read_bytes() == b"k"


def test_a_commit_that_is_too_large(box: Sandbox) -> None:
    with pytest.raises(UserError, match="the commit is larger than 4 MiB"):
        room.put(box, archive(large=bytes(5 << 20)), box.directory / room.WORK)


@pytest.mark.parametrize("kind", ["link", "pipe", "parent"])
def test_a_link_where_the_image_should_be_is_refused(
    tmp_path: Path, box: Sandbox, kind: str
) -> None:
    dist = box.directory / room.WORK / "dist"
    dist.mkdir()
    if kind == "link":
        (dist / "kernel").symlink_to("/etc/shadow")
    elif kind == "pipe":
        os.mkfifo(dist / "kernel")
    else:
        dist.rmdir()
        dist.symlink_to("/etc")
    with pytest.raises(UserError, match="neither a file nor a directory"):
        room.take(box, box.directory / room.WORK, ("dist",), tmp_path / "out")


def test_an_image_that_is_too_large(tmp_path: Path, box: Sandbox) -> None:
    (box.directory / room.WORK / "dist").write_bytes(bytes(5 << 20))
    with pytest.raises(UserError, match="what was built is larger than 4 MiB"):
        room.take(box, box.directory / room.WORK, ("dist",), tmp_path / "out")


def test_a_build_without_an_image(tmp_path: Path, box: Sandbox) -> None:
    with pytest.raises(UserError, match="`tar` failed: "):
        room.take(box, box.directory / room.WORK, ("dist",), tmp_path / "out")


def test_the_disk_that_a_room_takes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(range(256)) * 4096)
    (tmp_path / "up").symlink_to("..")
    taken = int(
        subprocess.run(("du", "-sB1", tmp_path), capture_output=True, check=True).stdout.split()[0]
    )
    assert abs(size(tmp_path) - taken) <= 8192


@pytest.mark.parametrize(
    ("words", "network"),
    [
        (("pip", "install", "-r", "dev.txt"), True),
        (("python", "-m", "pip", "install", "x"), True),
        (("uv", "pip", "install", "x"), True),
        (("pip", "list"), False),
        (("npm", "ci"), False),
    ],
)
def test_only_what_installs_by_hash_has_a_network(words: tuple[str, ...], network: bool) -> None:
    found = installing(words, Path("/venv"))
    assert (found is not None) == network
    if found is not None:
        head = (uv.find_uv_bin(), "pip", "install", "--require-hashes", "--python")
        assert found[: len(head)] == head
        assert found[-1] == words[-1]


def test_the_limits_as_systemd_is_told_them(tmp_path: Path) -> None:
    place = tmp_path / "build" / "web"
    box = Sandbox("web", place, "fata-build", True, Limits(60, 256, 512, 32))
    words = box.command(("fata", "build"), place / "work", {"A": "1"}, network=False)
    assert words[0] == "systemd-run"
    assert words[-5:] == ("env", "-i", "A=1", "fata", "build")
    assert {
        "--unit=fata-build-web.service",
        "--property=RuntimeMaxSec=60",
        "--property=MemoryMax=256M",
        "--property=TasksMax=32",
    } <= set(words)
    # The files, the network and the user are as without it; what each process may take is not.
    inside = words[words.index("--") + 1 :]
    alone = replace(box, systemd=False)
    assert {"--nproc=32", f"--as={256 << 20}", "--cpu=60"} == {
        *alone.command(("fata", "build"), place / "work", {"A": "1"}, network=False)
    } - {*inside}


def test_the_limits_without_systemd(tmp_path: Path) -> None:
    box = Sandbox("web", tmp_path / "build" / "web", "fata-build", False, Limits(60, 256, 512, 32))
    words = box.command(("fata", "build"), tmp_path / "work", {}, network=False)
    assert {"--net", "--pid", "--nproc=32", f"--as={256 << 20}", "--cpu=60"} <= set(words)
    assert {"--reuid=fata-build", "--clear-groups", "--no-new-privs"} <= set(words)
    assert "--net" not in box.command(("x",), tmp_path, {}, network=True)


def test_what_the_kernel_has_ended_for_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd says so of the unit, whose command only ended with an exit code."""
    stand_ins = {
        "systemd-run": "echo hello; exit 137",
        "systemctl": 'case "$1" in show) echo oom-kill;; esac',
    }
    for name, body in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    box = Sandbox("web", tmp_path / "build" / "web", "fata-build", True, Limits(memory=64))
    said: list[str] = []
    with pytest.raises(UserError, match="the build needed more than 64 MiB of memory"):
        box.run(("fata", "build"), tmp_path, {}, said.append)
    assert said == ["hello"]


def test_a_host_that_lets_users_make_no_namespaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what is pushed is run there."""
    stand_in = tmp_path / "unshare"
    stand_in.write_text("#!/bin/sh\necho unshare failed: Operation not permitted >&2; exit 1\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(UserError, match="unshare failed: Operation not permitted") as caught:
        room.open_room(tmp_path / "build", "app", None, Limits())
    assert "kernel.unprivileged_userns_clone=1" in str(caught.value)


ZERO, ONE = "0" * 40, "1" * 40


def test_what_git_says_of_a_push() -> None:
    lines = [f"{ZERO} {ONE} refs/heads/a/b\n", f"{ONE} {ZERO} refs/heads/c\n"]
    lines.append(f"{ZERO} {ONE} refs/tags/v1\n")
    found = parse(lines)
    assert found[0] == Update(ZERO, ONE, "refs/heads/a/b")
    assert [update.branch for update in found] == ["a/b", None, None]
    for wrong in ("", "a b c", f"{ZERO} {ONE} main", f"{ZERO} {ONE} refs/heads/a b"):
        with pytest.raises(UserError, match="not what git tells its hook"):
            parse([wrong])
