"""Commands over the user's own ssh, and what can go wrong with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fata.host.connection import Connection
from fata.host.destination import Destination, parse_destination
from functoria import UsageError, UserError

from .hosts import FakeHost, fresh_answers

WEB = Destination("admin@web1")
WORDS = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=4)


@given(words=WORDS)
@settings(max_examples=20)
def test_words_arrive_as_they_were_given(
    words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A stand-in that hands its command to a shell, as sshd does."""
    room = tmp_path_factory.mktemp("shell")
    program = room / "ssh"
    program.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    program.chmod(0o700)
    connection = Connection(WEB)
    connection._program = str(program)
    done = connection.run(("printf", "%s\\0", *words))
    assert done.out == "".join(f"{word}\0" for word in words or [""])


def test_the_options_that_ssh_gets(host: FakeHost) -> None:
    options = Destination("web1", 2222, Path("/keys/my %key")).options
    assert options == (
        *("-o", "BatchMode=yes", "-o", "Port=2222"),
        *("-o", 'IdentityFile="/keys/my %%key"'),
    )
    ssh = shutil.which("ssh", path="/usr/bin:/bin")
    if ssh is not None:
        shown = subprocess.run([ssh, "-G", *options, "web1"], capture_output=True, check=True)
        lines = shown.stdout.decode().splitlines()
        assert {"batchmode yes", "port 2222"} <= set(lines)
        # ssh tells what it was told, before it replaces `%%`.
        assert any(line.startswith("identityfile /keys/my %") for line in lines)
        assert not any(line == "stricthostkeychecking false" for line in lines)


@pytest.mark.parametrize("text", ["", "-oProxyCommand=x", "a b", "admin@", "admin@-x", "a@b\n"])
def test_what_is_no_machine(text: str) -> None:
    with pytest.raises(UsageError, match="is not a machine"):
        parse_destination(text, None, None)


@pytest.mark.parametrize("text", ["web1", "admin@web1.example.org", "root@[::1]", "a.b@10.0.0.1"])
def test_what_is_a_machine(text: str) -> None:
    assert parse_destination(text, None, None).name == text


CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Host key verification failed.
"""


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("ssh: Could not resolve hostname web1: Name or service not known", "cannot be resolved"),
        ("ssh: connect to host web1 port 22: Connection refused", "nothing listens for ssh"),
        ("ssh: connect to host web1 port 22: Connection timed out", "does not answer"),
        ("admin@web1: Permission denied (publickey,password).", "does not accept your key"),
        ("Host key verification failed.", "is not known yet"),
        (CHANGED, "is not the one that was known"),
        ("Bad owner or permissions on \x1b[1m/root/.ssh/config", r"Bad owner .* on \?\[1m/root"),
    ],
)
def test_connections_that_cannot_be_made(host: FakeHost, said: str, what: str) -> None:
    host.refuses(said)
    with pytest.raises(UserError, match=what) as caught, Connection(WEB):
        pass
    assert caught.value.where == "admin@web1"
    assert "ssh admin@web1" in caught.value.do


def test_without_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="`ssh` is not installed"):
        Connection(WEB)


def test_a_connection_that_breaks(host: FakeHost) -> None:
    host.answers({**fresh_answers(), "df": None})
    with Connection(WEB) as connection:
        assert connection.run(("id", "-un")).out == "admin"
        with pytest.raises(UserError, match="the connection to admin@web1 was lost"):
            connection.run(("df", "/"))
        assert not connection.alive


def test_a_command_that_itself_ends_with_255(host: FakeHost) -> None:
    host.answers({"xl": (255, "", "no such domain")})
    with Connection(WEB) as connection:
        assert connection.run(("xl", "destroy", "x")).code == 255
        assert connection.alive


def test_a_command_that_does_not_end(host: FakeHost, tmp_path: Path) -> None:
    program = tmp_path / "slow"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o700)
    connection = Connection(WEB)
    connection._program = str(program)
    began = time.monotonic()
    with pytest.raises(UserError, match="`true` did not end within 0 s"):
        connection.run(("true",), seconds=0.2)
    assert time.monotonic() - began < 30


def test_a_host_that_never_stops_talking(tmp_path: Path, host: FakeHost) -> None:
    program = tmp_path / "endless"
    program.write_text("#!/bin/sh\nexec yes\n")
    program.chmod(0o700)
    connection = Connection(WEB)
    connection._program = str(program)
    with pytest.raises(UserError, match="did not end"):
        connection.run(("cat", "/etc/os-release"), seconds=1)


def test_a_program_that_is_killed_leaves_no_connection(host: FakeHost) -> None:
    """The child makes a connection, says who its ssh is, and is killed without a warning."""
    code = (
        "import os; from fata.host.connection import Connection; "
        "from fata.host.destination import Destination; "
        "c = Connection(Destination('web1')).__enter__(); "
        "print(c._master.pid, c._socket.parent, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    number, room = done.stdout.decode().split()
    shutil.rmtree(room)
    pid = int(number)
    deadline = time.monotonic() + 120
    while Path(f"/proc/{pid}").exists() and "Z" not in state(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_nothing_is_left_running(host: FakeHost) -> None:
    with Connection(WEB) as connection:
        socket = connection._socket
        master = connection._master
    assert master is not None
    assert master.returncode is not None
    assert not socket.parent.exists()
