"""The log of requests: what is written, and that whoever changes it is noticed."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fata.deploy.agent.supervisor import seal
from fata.deploy.audit import Audit, Entry, Result, Who, who
from fata.deploy.audit.entry import decode, encode, written
from fata.deploy.audit.requests import handle
from fata.deploy.audit.seal import sealed
from functoria import UserError

DEPLOY = Entry(
    "alice",
    "deploy",
    "website",
    "production",
    address="10.0.0.9",
    request={"memory": 64, "ports": ["80:80"], "value": "hunter2", "arguments": ["--key=hunter2"]},
)


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    ticks = iter(range(1_800_000_000, 1_900_000_000))
    made = Audit(tmp_path, clock=lambda: float(next(ticks)))
    yield made
    made.unseal()


def log(root: Path) -> Path:
    return root / "audit.log"


def test_a_request_is_a_line_of_json(audit: Audit, tmp_path: Path) -> None:
    audit.append(replace(DEPLOY, generation=7, digest="ab" * 32, result=Result.DONE))
    assert log(tmp_path).read_text() == (
        '{"number":1,"time":"2027-01-15T08:00:00.000+00:00","who":"alice","address":"10.0.0.9",'
        '"verb":"deploy","app":"website","environment":"production","generation":7,'
        f'"digest":"{"ab" * 32}","result":"done",'
        '"request":{"memory":64,"ports":["80:80"]},"opens":true,'
        f'"before":"{"0" * 64}"}}\n'
    )
    assert stat.S_IMODE(log(tmp_path).stat().st_mode) == 0o600


def test_what_is_not_known_to_be_harmless_is_not_written(audit: Audit, tmp_path: Path) -> None:
    request: dict[str, object] = {
        "name": "api-key",
        "value": "hunter2",
        "action": "set",
        "arguments": ["hunter2"],
        "keys": {"hunter2": 1},
        "ref": "a\x1b[31m" + "b" * 500,
    }
    audit.append(replace(DEPLOY, verb="secrets", request=request))
    assert "hunter2" not in log(tmp_path).read_text()
    (entry,) = audit.read()
    assert entry.request["name"] == "api-key"
    assert str(entry.request["ref"]).startswith("a?[31mbbb")
    assert len(str(entry.request["ref"])) == 200


def test_a_request_is_written_ahead_of_what_it_does(audit: Audit) -> None:
    with audit.recorded(DEPLOY) as begun:
        assert [entry.result for entry in audit.read()] == [Result.BEGUN]
        audit.append(replace(DEPLOY, verb="stop", result=Result.REFUSED, why="not allowed"))
    with pytest.raises(UserError), audit.recorded(DEPLOY):
        raise UserError("the guest is not healthy", None, "look")
    assert begun.number == 1
    assert [(entry.verb, entry.result, entry.why) for entry in audit.read()] == [
        ("deploy", Result.DONE, ""),
        ("stop", Result.REFUSED, "not allowed"),
        ("deploy", Result.FAILED, "the guest is not healthy"),
    ]
    generation = audit.begin(DEPLOY)
    audit.finish(replace(generation, generation=8), Result.DONE)
    assert audit.read(1)[0].generation == 8
    assert audit.verify() is None


def test_pages_are_from_the_newest_on(audit: Audit) -> None:
    for number in range(10):
        audit.append(replace(DEPLOY, generation=number))
    assert [entry.number for entry in audit.read(3)] == [8, 9, 10]
    assert [entry.number for entry in audit.read(3, before=8)] == [5, 6, 7]
    assert audit.read(0) == ()


@pytest.mark.parametrize("size", [0, 1, 30])
def test_a_full_disk_refuses_the_request(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    audit.append(DEPLOY)
    done: list[str] = []
    write = os.write

    def short(handle: int, content: bytes) -> int:
        return write(handle, content[:size])

    with monkeypatch.context() as full:
        full.setattr(os, "write", short)
        with pytest.raises(UserError, match="cannot be written down"), audit.recorded(DEPLOY):
            done.append("effect")
    assert done == []
    # What was left behind does no harm, and is part of the chain from then on.
    assert audit.verify() is None
    audit.append(DEPLOY)
    assert audit.verify() is None
    assert [entry.number for entry in audit.read()] == [1, 2]
    if size:
        content = log(tmp_path).read_bytes()
        torn = content.split(b"\n")[1]
        log(tmp_path).write_bytes(content.replace(torn + b"\n", b"", 1))
        assert audit.verify() is not None


def test_a_real_full_disk_refuses_the_request(tmp_path: Path) -> None:
    """On a file system of a few pages, in a mount namespace of its own."""
    script = f"""
import subprocess, sys
from pathlib import Path
root = Path({str(tmp_path)!r})
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "x", root], check=True)
from fata.deploy.audit import Audit, Entry
from functoria import UserError
audit = Audit(root)
audit.append(Entry("alice", "deploy"))
with (root / "filler").open("wb", buffering=0) as filler:
    try:
        while filler.write(b"x" * 4096): pass
    except OSError: pass
try:
    for _ in range(99):
        audit.append(Entry("alice", "deploy"))
except UserError as error:
    print(error.what)
assert audit.verify() is None, audit.verify()
(root / "filler").unlink()
audit.append(Entry("alice", "stop"))
assert audit.verify() is None, audit.verify()
print(audit.read()[-1].verb)
"""
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ("the request cannot be written down: no space left on device\nstop\n"), (
        done.stderr
    )


@given(st.lists(st.integers(0, 400), max_size=6), st.integers(200, 2000))
@settings(max_examples=30)
def test_whatever_a_loss_of_power_left_the_log_goes_on(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], limit: int
) -> None:
    """Each time the last write has arrived only in part."""
    root = tmp_path_factory.mktemp("root")
    audit = Audit(root, limit=limit)
    audit.append(DEPLOY)
    for cut in cuts:
        head = (root / "audit.head").read_bytes()
        before = log(root).read_bytes() if log(root).exists() else b""
        audit.append(DEPLOY)
        content = log(root).read_bytes()
        if content.startswith(before) and cut < len(content) - len(before):
            log(root).write_bytes(content[: len(before) + cut])
            (root / "audit.head").write_bytes(head)
        assert audit.verify() is None
    audit.append(DEPLOY)
    assert audit.verify() is None
    numbers = [entry.number for entry in audit.read()]
    assert numbers == list(range(1, len(numbers) + 1))


def filled(root: Path, count: int = 6, limit: int = 450) -> Audit:
    audit = Audit(root, limit=limit)
    for number in range(count):
        audit.append(replace(DEPLOY, generation=number))
    return audit


def test_a_file_that_is_full_becomes_an_older_one(tmp_path: Path) -> None:
    audit = filled(tmp_path)
    names = sorted(path.name for path in tmp_path.glob("audit.log*"))
    assert names == ["audit.log", "audit.log.1", "audit.log.2"]
    assert [entry.number for entry in audit.read()] == [1, 2, 3, 4, 5, 6]
    assert audit.verify() is None
    (tmp_path / "audit.log.1").unlink()  # archived elsewhere
    assert audit.verify() is None
    assert [entry.number for entry in audit.read()] == [3, 4, 5, 6]


@given(st.data())
@settings(max_examples=60)
def test_every_change_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("root")
    audit = filled(root)
    path = root / data.draw(st.sampled_from(["audit.log", "audit.log.1", "audit.log.2"]))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    changed = {
        "changed": content[:at] + bytes([byte]) + content[at + 1 :],
        "cut": content[:at],
        "without a byte": content[:at] + content[at + 1 :],
        "with one more": content[:at] + bytes([byte]) + content[at:],
        "without a line": b"".join(content.splitlines(keepends=True)[1:]),
        "twice": content + content.splitlines(keepends=True)[-1],
    }[
        data.draw(
            st.sampled_from(
                [
                    "changed",
                    "cut",
                    "without a byte",
                    "with one more",
                    "without a line",
                    "twice",
                ]
            )
        )
    ]
    path.write_bytes(changed)
    assert audit.verify() is not None


def test_the_first_line_that_was_changed_is_named(tmp_path: Path) -> None:
    audit = filled(tmp_path, limit=1 << 20)
    lines = log(tmp_path).read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace('"generation":2', '"generation":9')
    log(tmp_path).write_text("".join(lines))
    fault = audit.verify()
    assert str(fault) == "audit.log:4: it, or the line before it, was changed"
    log(tmp_path).write_text("".join(lines[:2]))
    assert str(audit.verify()) == ("audit.log:2: the log ends here, and line number 6 was its last")
    (tmp_path / "audit.head").unlink()
    assert str(audit.verify()) == "audit.head:1: it says nothing, and the log has lines"


def test_two_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from fata.deploy.audit import Audit, Entry\n"
        "for _ in range(20): Audit(Path(sys.argv[1]), limit=2000).append(Entry('a', 'b'))"
    )
    children = [subprocess.Popen([sys.executable, "-c", script, tmp_path]) for _ in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    audit = Audit(tmp_path)
    assert [entry.number for entry in audit.read()] == list(range(1, 61))
    assert audit.verify() is None


def test_root_itself_can_only_append_where_the_file_system_has_that(
    audit: Audit, tmp_path: Path
) -> None:
    audit.append(DEPLOY)
    if not audit.seal():
        pytest.skip("this file system has no files that can only be appended to")
    with pytest.raises(PermissionError):
        log(tmp_path).write_text("")
    with pytest.raises(PermissionError):
        log(tmp_path).unlink()
    small = Audit(tmp_path, limit=1)
    small.append(DEPLOY)
    assert sealed(log(tmp_path))
    assert sealed(tmp_path / "audit.log.1")
    assert audit.verify() is None
    audit.unseal()
    assert not sealed(log(tmp_path))


def test_the_supervisor_seals_the_log_before_there_is_a_line(audit: Audit, tmp_path: Path) -> None:
    seal(tmp_path)
    assert log(tmp_path).read_bytes() == b""
    assert audit.verify() is None
    audit.append(DEPLOY)
    assert audit.verify() is None
    assert sealed(log(tmp_path)) == audit.seal()


def test_a_log_that_cannot_be_sealed_is_in_nobodys_way(tmp_path: Path) -> None:
    log(tmp_path).symlink_to(tmp_path / "elsewhere")
    seal(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_in_its_place_is_not_followed(audit: Audit, tmp_path: Path) -> None:
    log(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="cannot be written down"):
        audit.append(DEPLOY)
    assert not (tmp_path / "elsewhere").exists()


TEXTS = st.none() | st.text(max_size=20)


@given(
    st.text(max_size=20), st.text(max_size=20), TEXTS, TEXTS, st.none() | st.integers(), TEXTS,
    st.sampled_from(Result),
    st.dictionaries(
        st.sampled_from(["name", "app", "value", "ports"]),
        st.text() | st.integers() | st.lists(st.text()) | st.none() | st.floats(),
    ),
    st.integers(0, 4_000_000_000),
)  # fmt: skip
def test_what_is_written_is_read_again(
    name: str,
    verb: str,
    app: str | None,
    environment: str | None,
    generation: int | None,
    digest: str | None,
    result: Result,
    request: dict[str, object],
    at: int,
) -> None:
    entry = Entry(
        name, verb, app, environment, generation, digest, result, request=request, when=float(at)
    )
    line = encode(entry, "0" * 64)
    assert line.isascii()
    assert line.count(b"\n") == 1
    said = decode(line)
    assert said is not None
    assert said.entry.request == written(request)
    assert (said.entry.generation, said.entry.result, said.entry.when) == (generation, result, at)
    assert encode(said.entry, "0" * 64) == line


@given(st.binary(max_size=300))
def test_whatever_stands_in_the_log_is_read_or_left_out(content: bytes) -> None:
    decode(content)


def test_who_it_was(tmp_path: Path) -> None:
    environ = {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.1 22", "SUDO_USER": "admin"}
    assert who("alice", environ) == Who("alice", "10.0.0.9")
    me = who(None, {}).name
    assert who(None, environ) == Who(f"{me} via sudo of admin", "10.0.0.9")
    key = b"\0\0\0\x0bssh-ed25519"
    file = tmp_path / "auth"
    file.write_bytes(b"publickey ssh-ed25519 " + base64.b64encode(key) + b"\n")
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    assert who(None, {"SSH_USER_AUTH": str(file)}).name == f"{me} via ssh key SHA256:{digest}"
    for content in (b"", b"publickey", b"publickey x !!!", b"\xff\n", b"password\n"):
        file.write_bytes(content)
        assert who(None, {"SSH_USER_AUTH": str(file)}).name == me


def test_what_the_agent_answers(audit: Audit, tmp_path: Path) -> None:
    audit.append(DEPLOY)
    answer = handle(tmp_path, {"limit": 5, "verify": True, "by": "someone"})
    assert answer["fault"] is None
    (entry,) = answer["entries"]  # type: ignore[misc]
    assert entry["who"] == "alice"
    log(tmp_path).write_text("x\n")
    fault = handle(tmp_path, {"verify": True})["fault"]
    assert fault == {"file": "audit.log", "line": 1, "why": "it is no line of the log"}
    with pytest.raises(UserError, match="no request about the audit log"):
        handle(tmp_path, {"limit": "all"})
