"""The bundle: made here, brought to a host whose plain Python runs it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.host import receiver, runtime, ship
from fata.host.bundle import Bundle, File, bundle
from fata.host.connection import Connection
from fata.host.destination import Destination
from fata.host.runtime import Runtime
from functoria import UserError

from .hosts import FakeHost

HERE = Path(__file__).parent
SYSTEM = Path("/usr/bin/python3")


def silent(_: str) -> None:
    """A report that nobody reads."""


class Here:
    """A host that is this machine, with an empty home, and what was brought there."""

    def __init__(self, home: Path, connection: Connection) -> None:
        self.home = home
        self.connection = connection
        self.said: list[str] = []

    def commands(self) -> list[str]:
        """What was run there since this was asked."""
        log = self.home / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def run(self, *command: str | Path) -> str:
        """What a program prints there, with nothing of ours in its environment."""
        plain = {"PATH": "/usr/bin:/bin"}
        return subprocess.run(command, env=plain, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    room = tmp_path_factory.mktemp("here")
    (room / "bin").mkdir()
    (room / "bin" / "ssh").symlink_to(HERE / "local_ssh.sh")
    (room / "home").mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("LOCAL_SSH", str(room / "home"))
        monkeypatch.setenv("PATH", str(room / "bin"), prepend=os.pathsep)
        # No other test run has a host of this name, whose Python would be remembered.
        with Connection(Destination(f"here-{uuid.uuid4()}")) as connection:
            made = Here(room / "home", connection)
            first = ship.ask(connection, "root", ("--version",), made.said.append)
            assert first.code != ship.MISSING
            assert len(made.commands()) == 4  # its Python, what it lacks, the files, the command
            yield made


def test_fata_runs_on_a_host_that_has_only_python(here: Here) -> None:
    name = here.connection.destination.name
    assert [line for line in here.said if line.startswith(f"shipping fata to {name}: ")]
    launcher = here.home / "root" / "bin" / "fata"
    assert here.run(launcher, "--version").startswith("fata ")
    library = here.home / "root" / "tool" / "current" / "lib"
    script = (
        f"import sys; sys.path[:0] = ['{library}']; "
        "import elftools, msgspec, uv, h11, libos, xlcfg; print(uv.find_uv_bin())"
    )
    assert Path(here.run(SYSTEM, "-IS", "-c", script).strip()).samefile(library / "bin" / "uv")


def test_nothing_travels_twice(here: Here) -> None:
    digest = ship.ship(here.connection, "root", silent)
    assert len(here.commands()) == 2  # its Python, what it lacks
    words = ship.agent_command(here.connection, "root", silent)
    assert words == ("env", f"root/tool/{digest}/fata", "agent")
    assert here.commands() == []
    ship.ask(here.connection, "root", ("--version",), silent)
    assert len(here.commands()) == 1


def test_output_is_given_line_by_line(here: Here) -> None:
    lines: list[str] = []
    command = ("printf", "one\\ntwo\\nthree")
    assert here.connection.run(command, line=lines.append).out == "one\ntwo\nthree"
    assert lines == ["one", "two", "three"]
    here.commands()


def test_how_far_something_long_is(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fata.host.connection.PROGRESS_SECONDS", 0.1)
    parts: list[float] = []
    command = ("sh", "-c", "head -c 600 >/dev/null; sleep 1; cat >/dev/null")
    here.connection.run(command, bytes(1000), progress=parts.append)
    assert parts == [0.6]
    here.commands()


def test_starting_takes_little(here: Here) -> None:
    launcher = here.home / "root" / "bin" / "fata"
    times = []
    for _ in range(5):
        before = os.times()
        here.run(launcher, "--version")
        after = os.times()
        used = after.children_user + after.children_system
        times.append(used - before.children_user - before.children_system)
    assert min(times) < 0.3
    assert sorted((launcher.resolve().parent / "lib" / "fata").rglob("*.pyc"))


def test_a_host_that_has_another_python_now(here: Connection, tmp_path: Path) -> None:
    made = bundle(Runtime("3.13", "x86_64"), silent)
    launcher = tmp_path / "fata"
    launcher.write_bytes(next(file.read() for file in made.files if file.path == "fata"))
    done = subprocess.run([SYSTEM, launcher], capture_output=True, text=True, check=False)
    if sys.version_info[:2] != (3, 13):
        assert done.returncode == ship.MISSING
        assert "was shipped for Python 3.13, and the host now has another" in done.stderr


def test_the_same_files_are_the_same_bundle() -> None:
    first, second = (bundle(Runtime("3.11", "x86_64"), silent) for _ in range(2))
    assert first.digest == second.digest
    assert first.digest != bundle(Runtime("3.13", "x86_64"), silent).digest
    paths = [file.path for file in first.files]
    assert paths == sorted(paths)
    assert not [path for path in paths if "pycache" in path or path.endswith("RECORD")]
    assert {"fata", "lib/fata/host/receiver.py", "lib/libos/__init__.py"} <= set(paths)


def made_of(**contents: str) -> Bundle:
    files = (
        File(f"lib/{name}.py", hashlib.sha256(text.encode()).hexdigest(), 0o644, text.encode())
        for name, text in contents.items()
    )
    launcher = b"#!/bin/sh\necho yes\n"
    run = File("fata", hashlib.sha256(launcher).hexdigest(), 0o755, launcher)
    return Bundle(Runtime("3.11", "x86_64"), (run, *files))


def receive(root: Path, verb: str, made: Bundle, content: bytes) -> tuple[int, list[str]]:
    done = subprocess.run(
        [SYSTEM, "-IB", receiver.__file__, verb, root, made.digest],
        input=content,
        capture_output=True,
        check=False,
    )
    return done.returncode, (done.stdout or done.stderr).decode().splitlines()


def want(root: Path, made: Bundle) -> list[str]:
    code, lines = receive(root, "want", made, made.manifest.encode())
    assert code == 0, lines
    return lines


def sent(made: Bundle, wanted: list[str]) -> bytes:
    manifest = made.manifest.encode()
    return b"%d\n" % len(manifest) + manifest + ship._packed(made, frozenset(wanted))


def take(root: Path, made: Bundle) -> None:
    code, lines = receive(root, "take", made, sent(made, want(root, made)))
    assert (code, lines) == (0, ["used"])


def test_only_what_is_new_travels_and_the_one_before_stays(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    first, second, third = (made_of(same="a = 1\n", other=f"b = {n}\n") for n in range(3))
    take(tmp_path, first)
    assert len(want(tmp_path, second)) == 1
    take(tmp_path, second)
    compiled = [
        next(path for path in (tool / made.digest).rglob("same.*.pyc")) for made in (first, second)
    ]
    assert compiled[0].samefile(compiled[1])
    assert (tool / "current").readlink() == Path(second.digest)
    assert (tool / "previous").readlink() == Path(first.digest)
    take(tmp_path, third)
    trees = {path.name for path in tool.iterdir() if path.is_dir() and not path.is_symlink()}
    assert trees == {second.digest, third.digest}
    assert want(tmp_path, second) == ["used"]  # back again, by name only
    assert want(tmp_path, second) == ["same"]
    assert (tool / "current").readlink() == Path(second.digest)
    assert subprocess.run([tmp_path / "bin" / "fata"], check=True).returncode == 0


def of_version(version: str) -> Bundle:
    made = made_of(a=f"v = {version!r}\n")
    named = File(f"lib/fata-{version}.dist-info/METADATA", "", 0o644, version.encode())
    digest = hashlib.sha256(version.encode()).hexdigest()
    return replace(made, files=(*made.files, replace(named, digest=digest)))


def test_an_older_client_does_not_take_the_newer_one_from_the_host(tmp_path: Path) -> None:
    """It is carried out by what it brought itself, and the supervisor stays what it was."""
    tool = tmp_path / "tool"
    new, old, newest = (of_version(version) for version in ("0.10.0", "0.9.1", "1.0"))
    take(tmp_path, new)
    for _ in range(2):
        code, lines = receive(tmp_path, "take", old, sent(old, [one.digest for one in old.files]))
        assert (code, lines) == (0, ["older"])
        assert (tool / "current").readlink() == Path(new.digest)
        assert (tool / old.digest / "fata").exists()
        assert want(tmp_path, old) == ["older"]
        assert want(tmp_path, new) == ["same"]
        old = of_version("0.9")  # of older ones, the last stays
    trees = {path.name for path in tool.iterdir() if path.is_dir() and not path.is_symlink()}
    assert trees == {new.digest, of_version("0.9").digest}
    take(tmp_path, newest)
    assert (tool / "current").readlink() == Path(newest.digest)
    assert (tool / "previous").readlink() == Path(new.digest)


def test_one_that_still_runs_is_not_removed(tmp_path: Path) -> None:
    """Another may have deployed twice with other ones, while the first waits for its turn."""
    first, *others = (made_of(a=f"a = {number}\n") for number in range(4))
    take(tmp_path, first)
    place = tmp_path / "tool" / first.digest
    with subprocess.Popen(
        ["sh", "-c", "read wait", f"{place}/fata"], stdin=subprocess.PIPE
    ) as child:
        for other in others[:2]:
            take(tmp_path, other)
        assert place.is_dir()
        child.communicate()
    take(tmp_path, others[2])
    assert not place.exists()


def test_wherever_it_broke_off_the_old_one_is_in_use_and_the_next_goes_on(tmp_path: Path) -> None:
    first = made_of(a="1\n")
    take(tmp_path, first)
    second = made_of(**{f"m{n}": f"{'x' * n}\n" * 99 for n in range(1, 6)})
    whole = sent(second, want(tmp_path, second))
    wanted = [len(want(tmp_path, second))]
    for end in range(0, len(whole) - 1, len(whole) // 9):
        code, _ = receive(tmp_path, "take", second, whole[:end])
        assert code != 0
        assert (tmp_path / "tool" / "current").readlink() == Path(first.digest)
        wanted.append(len(want(tmp_path, second)))
    assert wanted == sorted(wanted, reverse=True)
    assert wanted[-1] < wanted[0]
    take(tmp_path, second)
    assert (tmp_path / "tool" / "current").readlink() == Path(second.digest)


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    made = made_of(a="value = 1\n")
    manifest = made.manifest.encode()
    packed = zlib.decompress(ship._packed(made, frozenset(want(tmp_path, made))))
    wrong = zlib.compress(packed.replace(b"value = 1", b"value = 2"))
    code, lines = receive(tmp_path, "take", made, b"%d\n" % len(manifest) + manifest + wrong)
    assert code != 0
    assert "a file did not arrive as it was sent" in lines[-1]
    code, lines = receive(tmp_path, "want", made, manifest.replace(b"644", b"755"))
    assert (code, lines) == (1, ["the manifest has not the digest that was named"])


def test_a_bundle_that_was_damaged_on_the_host_does_not_spread(tmp_path: Path) -> None:
    first, second = made_of(a="1\n", b="2\n"), made_of(a="1\n", b="3\n")
    take(tmp_path, first)
    (tmp_path / "tool" / first.digest / "lib" / "a.py").write_text("9\n")
    code, lines = receive(tmp_path, "take", second, sent(second, want(tmp_path, second)))
    assert (code, "a file of an earlier bundle was damaged" in lines[-1]) == (1, True)
    (tmp_path / "tool" / first.digest / "lib" / "a.py").unlink(missing_ok=True)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "a\x07"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    made = Bundle(Runtime("3.11", "x86_64"), (File(path, "0" * 64, 0o644, b""),))
    code, lines = receive(tmp_path, "want", made, made.manifest.encode())
    assert code == 1
    assert "has a line that cannot be" in lines[-1]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ((127, "", "env: 'python3': No such file or directory\n"), "there is no python3 on web1"),
        ((0, "3.9 x86_64 glibc 2.31\n", ""), r"python3 of web1 is 3\.9, and fata runs on 3\.11"),
        ((0, "3.11 riscv64 glibc 2.36\n", ""), "web1 is a machine of type riscv64"),
        ((0, "3.12 x86_64 glibc 2.27\n", ""), r"glibc of web1 is 2\.27"),
        ((0, "3.12 x86_64 None\n", ""), "does not say what it is"),
    ],
)
def test_a_host_without_a_python_for_it(
    host: FakeHost, answer: tuple[int, str, str], what: str
) -> None:
    host.answers({"env python3": answer})
    with Connection(Destination("web1")) as connection, pytest.raises(UserError, match=what):
        ship.ship(connection, "/var/lib/fata", silent)


def test_a_host_without_room(host: FakeHost) -> None:
    host.answers(
        {
            "env python3 -I -c": (0, "3.11 x86_64 glibc 2.36\n", ""),
            "env python3 -I -B": (1, "", "OSError: [Errno 28] No space left on device: '/x'\n"),
        }
    )
    with (
        Connection(Destination("web1")) as connection,
        pytest.raises(UserError, match=r"web1 did not take fata in: .*No space left on device"),
    ):
        ship.ship(connection, "/var/lib/fata", silent)


@given(st.text())
def test_whatever_python3_prints_is_understood_or_refused(text: str) -> None:
    assert runtime._SHAPE.fullmatch(text) is None or text.startswith("3.")
