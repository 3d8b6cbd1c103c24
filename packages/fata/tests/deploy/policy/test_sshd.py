"""A user behind the gate of a real sshd: what they are given, and all that they try besides."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from fata.deploy.audit import Audit, Result
from fata.deploy.client import Remote
from fata.deploy.policy.requests import handle
from fata.host import ship
from fata.host.connection import Connection
from fata.host.destination import Destination
from fata.host.memory import remember
from fata.host.probe import become_root
from functoria import UserError

SSHD = shutil.which("sshd", path="/usr/sbin:/sbin")
SSH = shutil.which("ssh", path="/usr/bin:/bin")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root starts an sshd that lets root in"),
]
LAUNCHER = f"""\
#!{sys.executable} -IB
import os, sys
from fata.cli import main
if sys.argv[4:5] == ["receive"] and sys.argv[5] != "store":
    print("pushed by", os.environ.get("FATA_USER"), sorted(os.environ), file=sys.stderr)
    sys.exit("refused" in sys.stdin.read())
main()
"""
BOX = Destination("box")


class Box:
    """A host with a real sshd on a port of the loopback, and users who come to it by ssh."""

    def __init__(self, room: Path, make_key: Callable[..., Path]) -> None:
        self.room = room
        self.root = room / "root"
        (self.root / "guests").mkdir(parents=True)
        (self.root / "bin").mkdir()
        launcher = self.root / "bin" / "fata"
        launcher.write_text(LAUNCHER)
        launcher.chmod(0o755)
        self.home = room / "home"
        self.keys = {name: make_key(name) for name in ("alice", "admin", "host")}
        self.allow(apps=["website", "shop-*"])
        authorized = self.home / ".ssh" / "authorized_keys"
        authorized.write_text(authorized.read_text() + self.public("admin"))

    def public(self, name: str) -> str:
        return self.keys[name].with_name(f"{name}.pub").read_text()

    def allow(self, **values: object) -> None:
        request = {"action": "allow", "name": "alice", "keys": self.public("alice"), **values}
        handle(self.root, request, self.home)

    def start(self) -> subprocess.Popen[bytes]:
        """An sshd that allows whatever the line of a key does not forbid."""
        assert SSHD is not None
        Path("/run/sshd").mkdir(exist_ok=True)
        config = self.room / "sshd_config"
        for port in range(24_000 + os.getpid() % 6000, 32_000):
            config.write_text(
                f"ListenAddress 127.0.0.1:{port}\nHostKey {self.keys['host']}\n"
                f"AuthorizedKeysFile {self.home}/.ssh/authorized_keys\nStrictModes no\n"
                "PermitRootLogin prohibit-password\nUsePAM no\nPidFile none\n"
                "ExposeAuthInfo yes\nAcceptEnv FATA_* GIT_* PYTHON* SSH_*\n"
                "Subsystem sftp internal-sftp\nX11Forwarding yes\nGatewayPorts yes\n"
            )
            command = [SSHD, "-D", "-f", str(config), "-E", str(self.room / "sshd.log")]
            child = subprocess.Popen(command)
            while child.poll() is None:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        self.ssh_config(port)
                        return child
                time.sleep(0.05)
        pytest.fail((self.room / "sshd.log").read_text())

    def ssh_config(self, port: int) -> None:
        known = self.room / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {self.public('host')}")
        for name in ("alice", "admin"):
            (self.room / f"{name}.conf").write_text(
                f"Host *\nHostName 127.0.0.1\nPort {port}\nUser root\nBatchMode yes\n"
                f"IdentityFile {self.keys[name]}\nIdentitiesOnly yes\nIdentityAgent none\n"
                f"UserKnownHostsFile {known}\nHostKeyAlias [127.0.0.1]:{port}\n"
                "SendEnv FATA_* GIT_CONFIG_* PYTHONPATH\n"
            )

    def ssh(
        self, *words: str, user: str = "alice", options: Sequence[str] = (), content: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """How an ssh ended of that user's own, without fata."""
        command = ["ssh", "-F", f"{self.room}/{user}.conf", *options, "box", *words]
        return subprocess.run(
            command, input=content, capture_output=True, text=True, timeout=30, check=False
        )

    def log(self) -> list[tuple[str, str, str | None, Result]]:
        return [
            (entry.who, entry.verb, entry.app, entry.result) for entry in Audit(self.root).read()
        ]


@pytest.fixture
def box(
    tmp_path: Path, make_key: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Box]:
    made = Box(tmp_path, make_key)
    child = made.start()
    # fata's ssh is the user's own, with their configuration.
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {SSH} -F {tmp_path}/alice.conf "$@"\n')
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    try:
        yield made
    finally:
        child.terminate()
        child.wait()
        shutil.rmtree(made.root)  # a supervisor that was started there ends with it


def test_fata_works_through_the_gate_as_without_it(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is shipped: the host's own fata answers for whatever bundle is asked for."""
    said: list[str] = []
    with Connection(BOX) as connection:
        assert become_root(connection).user == "root"
        remember(connection, "root", str(box.root))
        shipped = ship.ship(connection, str(box.root), said.append)
        words = ship.agent_command(connection, str(box.root), said.append)
        assert words == ("env", f"{box.root}/tool/{shipped}/fata", "agent")
    assert not (box.root / "tool").exists()
    with Remote(BOX, said.append) as remote:
        assert remote.root == str(box.root)
        assert remote.call("hello", {})["protocol"] == 1
        with pytest.raises(UserError, match="`prune` is for administrators"):
            remote.call("prune", {"dry_run": True})
        with pytest.raises(UserError, match="alice may not remove apps"):
            remote.call("remove", {"app": "website"})
        box.allow(apps=["website"], may=[])
        with pytest.raises(UserError, match="alice may not deploy"):
            remote.call("deploy", {"app": "website", "manifest": "ab" * 32})
        handle(box.root, {"action": "disallow", "name": "alice"}, box.home)
        with pytest.raises(UserError, match="alice is no user of this host"):
            remote.call("hello", {})  # the connection is still there, and no use
    refused = [entry[:2] for entry in box.log() if entry[3] is Result.REFUSED]
    assert refused == [
        ("alice", "prune"), ("alice", "remove"), ("alice", "deploy"), ("alice", "hello"),
    ]  # fmt: skip
    with pytest.raises(UserError, match="does not accept your key"), Remote(BOX):
        pass


def test_apps_of_others_are_out_of_reach(box: Box) -> None:
    box.allow(apps=["website"], environments=["staging"])
    with Connection(BOX) as connection:
        remember(connection, "root", str(box.root))
    other = {"app": "other", "environment": "staging"}
    requests = (
        ("deploy", {**other, "manifest": "ab" * 32}, "`other` is no app of alice"),
        ("deploy", {"app": "website", "manifest": "ab" * 32}, "`production` is no environment"),
        ("stop", other, "`other` is no app of alice"),
        ("secrets", {**other, "action": "list"}, "`other` is no app of alice"),
        ("console", other, "`other` is no app of alice"),
        ("status", other, "`other` is no app of alice"),
    )
    with Remote(BOX) as remote:
        for verb, request, what in requests:
            with pytest.raises(UserError, match=what):
                remote.call(verb, request)
        secrets = {"app": "website", "environment": "staging", "action": "list"}
        assert remote.call("secrets", secrets)["secrets"] == []
    refused = [(verb, request["app"], Result.REFUSED) for verb, request, _ in requests]
    done = ("secrets", "website", Result.DONE)
    assert [entry[1:] for entry in box.log()] == [*refused, done]
    assert Audit(box.root).verify() is None


TRIED = {
    "": "with a shell",
    "sh": "sh",
    "id; cat /etc/shadow": "id;",
    "cat /etc/shadow": "cat",
    "rm -f ROOT/audit.log": "rm",
    "env FATA_USER= ROOT/bin/fata agent hello": "env",
    "env -u FATA_USER ROOT/bin/fata agent hello": "env",
    "ROOT/bin/fata agent --root /tmp hello": "ROOT/bin/fata",
    "ROOT/bin/fata host users": "ROOT/bin/fata",
    "fata agent hello $(touch ROOT/pwned)": "fata",
    "fata agent hello\ntouch ROOT/pwned": "fata",
    "git-upload-pack 'website.git'": "git-upload-pack",
    "git-upload-archive 'website.git'": "git-upload-archive",
    "git-receive-pack '/etc'; sh": "git-receive-pack",
    "scp -t /root": "scp",
    f"env python3 -I -B -c pass take ROOT {'ab' * 32}": "env",
}


def test_no_program_runs(box: Box) -> None:
    here = str(box.root)
    for command, logged in TRIED.items():
        words = [command.replace("ROOT", here)] if command else []
        done = box.ssh(*words, content="id\nexit\n")
        assert (done.returncode, done.stdout) == (1, "")
        assert "alice has no shell on this host" in done.stderr
        (entry,) = Audit(box.root).read(1)
        assert (entry.who, entry.result) == ("alice", Result.REFUSED)
        assert (entry.address, entry.verb) == (
            "127.0.0.1", f"session {logged.replace('ROOT', here)}",
        )  # fmt: skip
    assert not (box.root / "pwned").exists()
    assert Audit(box.root).verify() is None


def test_what_is_sent_to_the_first_session_goes_nowhere(box: Box) -> None:
    done = box.ssh("cat", content="id\n" * 1000)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_files_travel(box: Box, tmp_path: Path) -> None:
    config = f"{tmp_path}/alice.conf"
    file = tmp_path / "file"
    file.write_text("x")
    for command in (
        ["scp", "-F", config, file, f"box:{tmp_path}/there"],
        ["scp", "-O", "-F", config, file, f"box:{tmp_path}/there"],
        ["scp", "-F", config, "box:/etc/shadow", tmp_path / "there"],
        ["sftp", "-F", config, "-b", "/dev/stdin", "box"],
    ):
        done = subprocess.run(
            command, input="ls /\n", capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode != 0
        # sshd leads nowhere what a subsystem says.
        assert "-O" not in command or "alice has no shell on this host" in done.stderr
    assert not (tmp_path / "there").exists()
    assert {entry[1] for entry in box.log()} == {"session internal-sftp", "session scp"}


def test_nothing_is_forwarded(box: Box, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = box.ssh(options=["-W", f"127.0.0.1:{port}"])
        assert done.returncode != 0
        assert "administratively prohibited" in done.stderr
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
    for option in (f"-R0:127.0.0.1:{port}", f"-R{tmp_path}/socket:127.0.0.1:{port}"):
        done = box.ssh("cat", options=["-o", "ExitOnForwardFailure=yes", option])
        assert done.returncode == 255
        assert "forwarding failed" in done.stderr
    done = box.ssh(options=["-tt", "-A"])
    assert done.returncode != 0
    assert "PTY allocation request failed" in done.stderr + done.stdout


def test_variables_of_the_user_reach_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = box.room / "templates"
    hook.mkdir()
    for name, value in {
        "FATA_USER": "",
        "FATA_DEBUG": "1",
        "PYTHONPATH": "/nowhere",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": str(hook),
    }.items():
        monkeypatch.setenv(name, value)
    done = box.ssh("fata", "agent", "prune")
    assert "is for administrators" in done.stdout
    done = box.ssh("git-receive-pack 'website.git'", content="0000")
    assert done.returncode == 0
    assert b"alice" not in done.stdout.encode()
    assert box.log()[-1] == ("alice", "push", "website", Result.DONE)


class Clone:
    """A repository of the user's, and how pushes from it end."""

    def __init__(self, box: Box) -> None:
        self.directory = box.room / "work"
        self.directory.mkdir()
        self.variables = {
            **os.environ,
            "GIT_SSH_COMMAND": shlex.join(["ssh", "-F", f"{box.room}/alice.conf"]),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROTOCOL": "version=2",
            "HOME": str(box.room),
        }
        self.git("init", "--quiet", "--initial-branch=main")
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        self.git(*who, "commit", "--quiet", "--allow-empty", "-m", "one")

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *words], cwd=self.directory, env=self.variables,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


def test_apps_of_the_user_can_be_pushed_and_no_others(box: Box) -> None:
    clone = Clone(box)
    for place in (f"box:{box.root}/repositories/website.git", "box:website.git", "box:shop-a"):
        done = clone.git("push", place, "main")
        assert done.returncode == 0, done.stderr
    repository = box.root / "repositories" / "website.git"
    head = (repository / "refs" / "heads" / "main").read_text().strip()
    assert head == clone.git("rev-parse", "main").stdout.strip()
    assert sorted(path.name for path in repository.parent.iterdir()) == [
        "shop-a.git",
        "website.git",
    ]
    assert box.log() == [
        ("alice", "push", "website", Result.DONE),
        ("alice", "push", "website", Result.DONE),
        ("alice", "push", "shop-a", Result.DONE),
    ]
    done = clone.git("push", "box:website.git", "main:refused")
    assert "remote: pushed by alice" in done.stderr
    variables = done.stderr.partition("[")[2]
    assert "'SSH_ORIGINAL_COMMAND'" not in variables
    assert done.returncode != 0
    before = len(box.log())
    for words, what in (
        (("push", "box:other.git", "main"), "`other` is no app of alice"),
        (("push", "box:../../etc", "main"), "alice has no shell"),
        (("push", f"box:{box.room}/x.git", "main"), "alice has no shell"),
        (("fetch", "box:website.git"), "alice has no shell"),
        (("ls-remote", "box:website.git"), "alice has no shell"),
        (("push", "--receive-pack=sh", "box:website.git", "main"), "alice has no shell"),
        (("archive", "--remote=box:website.git", "main"), "alice has no shell"),
    ):
        done = clone.git(*words)
        assert done.returncode != 0
        assert what in done.stderr, done.stderr
    assert [entry[3] for entry in box.log()[before:]] == [Result.REFUSED] * 7
    assert not (box.root / "repositories" / "other.git").exists()


def test_an_administrator_is_known_by_the_key(box: Box) -> None:
    script = "import os; from fata.deploy.audit import who; print(who(None, os.environ))"
    done = box.ssh(shlex.join([sys.executable, "-c", script]), user="admin")
    public = box.keys["admin"].with_name("admin.pub")
    shown = subprocess.run(["ssh-keygen", "-lf", public], capture_output=True, check=True)
    key = shown.stdout.decode().split()[1]
    assert done.stdout == f"Who(name='root via ssh key {key}', address='127.0.0.1')\n"
