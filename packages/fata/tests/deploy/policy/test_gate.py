"""The gate: what of an ssh session it understands, and that nothing else is carried out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.audit import Audit, Result
from fata.deploy.policy.gate import USER, gate, user_of
from fata.deploy.policy.permission import NEEDED
from fata.deploy.policy.session import Ask, Call, Keep, Push, Question, parse
from fata.deploy.store import frames
from fata.deploy.store.frames import Done
from fata.host import receiver, runtime
from functoria import UserError

ROOT = Path("/var/lib/fata")
DIGEST = "ab" * 32
POLICY = """\
[users.alice]
apps = ["website", "shop-*"]
environments = ["staging"]
may = ["deploy", "push", "secrets"]
[users.bob]
apps = ["*"]
may = []
"""


@dataclass
class Agent:
    """A stand-in for the agent: what it was asked to carry out."""

    asked: list[tuple[str, tuple[str, ...], str | None]] = field(default_factory=list)

    def __call__(
        self,
        verb: str,
        words: Sequence[str],
        root: Path,
        user: str | None,
        stdin: BinaryIO,
        stdout: BinaryIO,
    ) -> int:
        self.asked.append((verb, tuple(words), user))
        stdout.write(b"said " + stdin.read())
        return 3


class Host:
    """A host with a policy, and what came of sessions there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.agent = Agent()
        self.environ: dict[str, str] = {}
        self.out = b""
        (root / "policy.toml").write_text(POLICY)

    def session(self, command: str | None, user: str = "alice", content: bytes = b"") -> int:
        self.environ = {
            "SSH_CONNECTION": "10.0.0.9 50000 10.0.0.1 22",
            "LD_PRELOAD": "/tmp/x.so",
            "GIT_DIR": "/",
            "FATA_USER": "",
            "PATH": "/tmp",
        }
        stdout = io.BytesIO()
        try:
            return gate(
                self.root, user, command, self.agent, self.environ, (io.BytesIO(content), stdout)
            )
        finally:
            self.out = stdout.getvalue()

    def log(self) -> list[tuple[str, str, str | None, Result]]:
        return [
            (entry.who, entry.verb, entry.app, entry.result) for entry in Audit(self.root).read()
        ]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def sent(*words: str) -> str:
    """A command as `Connection` sends it."""
    return shlex.join(words)


RECEIVER = Path(receiver.__file__).read_text()


@pytest.mark.parametrize(
    ("command", "session"),
    [
        ("cat", Keep()),
        (sent("id", "-un"), Ask(Question.USER_NAME)),
        (sent("id", "-u"), Ask(Question.USER_NUMBER)),
        (sent("sudo", "-n", "--", "id", "-Gn"), Ask(Question.GROUPS)),
        (sent("sudo", "-n", "--", "true"), Ask(Question.ROOT)),
        (sent("env", "python3", "-I", "-c", runtime._PROBE), Ask(Question.PYTHON)),
        (
            sent("env", "python3", "-I", "-B", "-c", RECEIVER, "want", str(ROOT), DIGEST),
            Ask(Question.BUNDLE),
        ),
        (sent("env", f"{ROOT}/tool/{DIGEST}/fata", "agent", "deploy"), Call("deploy", ())),
        (
            f"sudo -n -- env {ROOT}/tool/{DIGEST}/fata agent --root {ROOT} receive store",
            Call("receive", ("store",)),
        ),
        (sent("printenv", "HOME"), Ask(Question.HOME)),
        (sent("test", "-d", f"{ROOT}/guests"), Ask(Question.SET_UP)),
        (f"{ROOT}/bin/fata agent status", Call("status", ())),
        ("fata agent supervise", Call("supervise", ())),
        ("git-receive-pack 'website.git'", Push("website")),
        ("git-receive-pack '/website.git'", Push("website")),
        ("git-receive-pack '/var/lib/fata/repositories/website.git'", Push("website")),
        ("git receive-pack 'website'", Push("website")),
    ],
)
def test_what_fata_and_git_send_is_understood(command: str, session: object) -> None:
    assert parse(command, ROOT) == session


@pytest.mark.parametrize(
    "command",
    [
        "",
        "sh",
        "cat /etc/shadow",
        "cat; id",
        "id",
        "true",
        "/usr/lib/openssh/sftp-server",
        "internal-sftp",
        "scp -t /root",
        "env python3 -I -c x y",
        "python3 -c x",
        f"env python3 -I -B -c x take {ROOT} {DIGEST}",
        f"env python3 -I -B -c x want /root {DIGEST}",
        f"env X=1 {ROOT}/tool/{DIGEST}/fata agent status",
        f"env -S {ROOT}/bin/fata agent status",
        f"env {ROOT}/tool/../bin/sh agent status",
        f"env {ROOT}/tool/{DIGEST}/../../../x agent status",
        f"env {ROOT}/tool/{DIGEST}/fata agent",
        f"env {ROOT}/tool/{DIGEST}/fata agent status --root=/tmp",
        f"env {ROOT}/tool/{DIGEST}/fata run agent status",
        "fata agent status; id",
        "fata agent status $(id)",
        "fata agent status 'x\n'",
        "fata agent status x",
        "fata agent receive website",
        "fata agent receive",
        "fata agent --root /tmp status",
        "fata agent --root",
        "printenv",
        "printenv PATH",
        "test -d /root",
        "git-upload-pack 'website.git'",
        "git-upload-archive 'website.git'",
        "git-receive-pack '../website.git'",
        "git-receive-pack '/root/website.git'",
        "git-receive-pack --upload-pack=x 'website.git'",
        "git-receive-pack 'website.git' 'shop.git'",
        "git-receive-pack 'website.git'; id",
        "git-receive-pack 'website.git",
        "git-receive-pack 'website.git\n'",
        "sudo -n -- sh",
        "'",
        "x" * 200_000,
    ],
)
def test_all_else_is_not(command: str) -> None:
    assert parse(command, ROOT) is None


@pytest.mark.parametrize(
    ("command", "out"),
    [
        ("id -u", f"{os.geteuid()}\n"),
        (sent("env", "python3", "-I", "-c", runtime._PROBE), None),
        ("sudo -n -- true", ""),
        ("cat", ""),
    ],
)
def test_questions_are_answered_without_running_anything(
    host: Host, command: str, out: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    assert host.session(command, content=b"bytes") == 0
    if out is None:
        match = runtime._SHAPE.fullmatch(host.out.decode())
        assert match is not None
        assert (match[1], match[2]) == (str(sys.version_info[1]), platform.machine())
    else:
        assert host.out == out.encode()
    assert host.agent.asked == []
    assert host.log() == []


def test_verbs_are_carried_out_for_the_user_whom_the_key_names(host: Host) -> None:
    command = sent("env", f"{host.root}/tool/{DIGEST}/fata", "agent", "deploy")
    assert host.session(command, content=b"{}") == 3
    assert host.agent.asked == [("deploy", (), "alice")]
    assert host.out == b"said {}"
    assert user_of(host.environ) == "alice"


def test_nothing_that_the_user_sends_stays_in_the_environment(host: Host) -> None:
    host.session("fata agent status")
    assert sorted(host.environ) == sorted(
        ("PATH", "LANG", "SHELL", "USER", "LOGNAME", "HOME", "SSH_CONNECTION", USER)
    )
    assert host.environ["PATH"].startswith("/usr/local/sbin")
    assert host.environ[USER] == "alice"


@pytest.mark.parametrize(
    ("user", "command", "what", "logged"),
    [
        ("alice", None, "alice has no shell", ("session with a shell", None)),
        ("alice", "scp -t /root", "has no shell", ("session scp", None)),
        ("alice", "rm '-rf' token=hunter2", "has no shell", ("session rm", None)),
        ("alice", "git-receive-pack 'other.git'", "`other` is no app", ("push", "other")),
        ("bob", "git-receive-pack 'website.git'", "bob may not push", ("push", "website")),
        ("carol", "cat", "carol is no user of this host", ("session", None)),
    ],
)
def test_what_is_refused_is_told_and_logged(
    host: Host, user: str, command: str | None, what: str, logged: tuple[str, str | None]
) -> None:
    with pytest.raises(UserError, match=what):
        host.session(command, user)
    assert host.agent.asked == []
    assert host.log() == [(user, *logged, Result.REFUSED)]
    (entry,) = Audit(host.root).read()
    assert entry.address == "10.0.0.9"
    assert "hunter2" not in (host.root / "audit.log").read_text()


@pytest.mark.parametrize("verb", ["rollback", "supervise", "policy", "audit", "gate", "prune"])
def test_a_verb_that_is_not_allowed_is_answered_as_the_agent_answers(host: Host, verb: str) -> None:
    assert host.session(f"fata agent {verb}") == 1
    assert set(json.loads(host.out)) == {"error"}
    assert host.agent.asked == []
    assert host.log() == [("alice", verb, None, Result.REFUSED)]


def test_an_image_that_may_not_come_is_refused_as_images_are(host: Host) -> None:
    """Its client listens for frames: any other answer would hide why."""
    assert host.session("fata agent receive store", "bob") == 1
    with pytest.raises(UserError, match="bob may not deploy") as refused:
        frames.read(io.BytesIO(host.out), Done)
    assert "ask an administrator of the host" in refused.value.do
    assert host.log() == [("bob", "receive", None, Result.REFUSED)]


def test_a_damaged_policy_lets_nobody_in(host: Host) -> None:
    (host.root / "policy.toml").write_text("[users.alice\n")
    with pytest.raises(UserError, match="not TOML"):
        host.session("cat")


def test_nothing_is_pushed_that_cannot_be_logged(host: Host) -> None:
    (host.root / "audit.log").mkdir()
    with pytest.raises(UserError, match="cannot be written down"):
        host.session("git-receive-pack 'website.git'")
    assert not (host.root / "repositories").exists()


WORDS = st.lists(
    st.sampled_from(
        [
            *("cat", "id", "-u", "-un", "sudo", "-n", "--", "true", "env", "python3", "-I", "-c"),
            *("fata", "agent", "-B", "want", "take", str(ROOT), DIGEST, f"{ROOT}/bin/fata"),
            *(f"{ROOT}/tool/{DIGEST}/fata", "git-receive-pack", "git", "receive-pack", "sh"),
            *("website.git", "'website.git'", "../x", ";", "|", "$(id)", "`id`", "'", '"', "\n"),
            *("supervise", "store", "X=1", "--root", "-S", "-oX", "\\", "#", "", *NEEDED),
        ]
    )
    | st.text(max_size=4),
    max_size=9,
)


@given(WORDS, st.sampled_from([" ", "  ", "\t", "\n", ""]), st.sampled_from(["alice", "bob"]))
def test_no_session_runs_anything_but_what_its_user_may(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], blank: str, user: str
) -> None:
    started: list[tuple[str, ...]] = []

    def popen(command: Sequence[str], *_: object, **__: object) -> None:
        started.append(tuple(command))
        raise OSError

    host = Host(tmp_path_factory.mktemp("root"))
    command = blank.join(words).replace(str(ROOT), str(host.root))
    with pytest.MonkeyPatch.context() as patched:
        for name in ("run", "Popen"):
            patched.setattr(subprocess, name, popen)
        for name in ("system", "execv", "execve", "posix_spawn", "fork"):
            patched.setattr(os, name, None)
        with contextlib.suppress(UserError, OSError):
            host.session(command, user)
    for verb, _, who in host.agent.asked:
        assert who == user
        assert NEEDED[verb] is None or (user, verb) in {
            ("alice", "deploy"), ("alice", "receive"), ("alice", "push"), ("alice", "secrets"),
        }  # fmt: skip
    for program in started:
        assert user == "alice"
        assert Path(program[0]).name == "git"
        assert "website" in str(program[-1]) or "init" in program
