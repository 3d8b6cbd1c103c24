"""One connection to a host through the user's own ssh, and commands run over it.

A connection is one `ssh -M HOST cat` (ssh_config(5), ControlMaster), a child of ours with its
socket in a private directory; each command is an `ssh` that uses that socket, so that only the
first one costs a key exchange. Commands are argument lists, quoted once for the shell of the
other side.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from fata.host import failure
from fata.host.destination import Destination
from functoria.error import UserError

CONNECT_SECONDS = 15
LIMIT_BYTES = 8_000_000
"""No answer of a host is longer; a longer one is not listened to."""
LIMIT_LINE = LIMIT_BYTES
"""Of a line that is given on as it comes, no more bytes are."""
PROGRESS_SECONDS, PROGRESS_PART = 3.0, 0.1
"""Progress is told no sooner than so many seconds after the last time, and so much further."""
_NOTHING_ELSE = ("-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none")
"""Of what the user's configuration says for sessions at the keyboard."""
_SSH_FAILED = 255
_MOMENT = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """`Result(code, out, err)` is how a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class Connection:
    """`Connection(destination)` is a connection while its `with` block runs.

    Raises `UserError` where there is no ssh, or where ssh cannot connect.
    """

    def __init__(self, destination: Destination, connect_seconds: int = CONNECT_SECONDS) -> None:
        self.destination = destination
        self.become: tuple[str, ...] = ()
        self._program = _ssh()
        self._seconds = connect_seconds
        self._undo = contextlib.ExitStack()
        self._master: subprocess.Popen[bytes] | None = None
        self._socket = Path()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            # A path of a socket has 108 bytes at most (unix(7)): not in a long TMPDIR.
            short = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - mkdtemp is private
            directory = undo.enter_context(tempfile.TemporaryDirectory(prefix="fata-", dir=short))
            self._socket = Path(directory, "ssh")
            said = undo.enter_context(tempfile.TemporaryFile())
            self._master = self._start(said)
            undo.callback(_end, self._master)
            self._await(self._master, said)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def run(
        self,
        arguments: Sequence[str],
        content: bytes = b"",
        *,
        seconds: float = 120,
        plain: bool = False,
        line: Callable[[str], None] | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Result:
        """`run(arguments, content)` is how the command ended on the host, fed with `content`.

        It runs as root, as `become` says, unless `plain`. `line` is given each line of the output
        as it comes, without its end; `progress` the part of a long `content` that is sent. Raises
        `UserError` when the connection is lost, or the command has not ended after so many
        `seconds`.
        """
        command = self.command(arguments, plain=plain)
        with tempfile.TemporaryFile() as stdin:
            stdin.write(content)
            stdin.seek(0)
            watch = _Watch(stdin, len(content), progress, line)
            code, out, err = _captured(command, watch, time.monotonic() + seconds)
        if code is None:
            raise UserError(
                f"`{arguments[0]}` did not end within {seconds:.0f} s on {self.destination.name}",
                self.destination.name,
                "see what the machine is busy with, then run the command again",
            )
        # ssh itself ends with 255; so may a command, but then the connection is still there.
        if code == _SSH_FAILED and self._ends_soon():
            raise failure.lost(self.destination)
        return Result(code, out, err)

    def command(self, arguments: Sequence[str], *, plain: bool = False) -> tuple[str, ...]:
        """`command(arguments)` is a command of this machine that runs those words on the host."""
        words = [*(() if plain else self.become), *arguments]
        return (*self._ssh_words(), "--", self.destination.name, shlex.join(words))

    @property
    def alive(self) -> bool:
        """Whether the connection is still there."""
        return self._master is not None and self._master.poll() is None

    def _ends_soon(self) -> bool:
        """Whether the master has ended, which it may do a moment after the command."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._master is not None:
                self._master.wait(_MOMENT)
        return not self.alive

    def _ssh_words(self) -> tuple[str, ...]:
        # With `ProxyCommand=false` a command fails when the connection has gone, instead of
        # making one of its own.
        return (
            *(self._program, *self.destination.options, "-T"),
            *("-o", f"ControlPath={self._socket}", "-o", "ControlMaster=no"),
            *("-o", "ProxyCommand=false", *_NOTHING_ELSE),
        )

    def _start(self, said: IO[bytes]) -> subprocess.Popen[bytes]:
        words = (
            *(self._program, *self.destination.options, "-M", "-T"),
            *("-o", f"ControlPath={self._socket}", "-o", "ControlPersist=no"),
            *("-o", f"ConnectTimeout={self._seconds}", *_NOTHING_ELSE),
            *("-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=6"),
            *("--", self.destination.name, "cat"),
        )
        # `cat` ends when we do, however that happens, and with it the connection. The session
        # is its own, so that the ctrl-C of the terminal reaches only us, who clear up.
        return subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )

    def _await(self, master: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        """Wait until the master can be used: its socket appears when the host has let us in."""
        deadline = time.monotonic() + 2 * self._seconds
        while not self._socket.exists():
            if master.poll() is not None:
                raise failure.not_connected(self.destination, _text(said))
            if time.monotonic() > deadline:
                raise failure.not_connected(self.destination, "Connection timed out")
            time.sleep(0.02)


class _Watch:
    """`_Watch(stdin, size, progress, line)` tells how far a command is while it runs."""

    def __init__(
        self,
        stdin: IO[bytes],
        size: int,
        progress: Callable[[float], None] | None,
        line: Callable[[str], None] | None,
    ) -> None:
        self.stdin = stdin
        self._size = size
        self._progress = progress
        self._line = line
        self._rest = b""
        self._told = 0.0
        self._next = time.monotonic() + PROGRESS_SECONDS

    def look(self) -> None:
        """Say what part of its input the command has read: the child shares our offset."""
        now = time.monotonic()
        if self._progress is not None and now >= self._next:
            self._next = now + PROGRESS_SECONDS
            sent = os.lseek(self.stdin.fileno(), 0, os.SEEK_CUR)
            if self._told + PROGRESS_PART <= sent / self._size < 1:
                self._told = sent / self._size
                self._progress(self._told)

    def output(self, data: bytes) -> None:
        """Take a piece of the output; what is empty is its end."""
        if self._line is None:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data and self._rest:
            lines.append(self._rest)
        for line in lines:
            self._line(line[:LIMIT_LINE].decode(errors="replace"))
        self._rest = self._rest[: 2 * LIMIT_LINE]


def _captured(
    command: Sequence[str], watch: _Watch, deadline: float
) -> tuple[int | None, str, str]:
    """The exit code and both outputs of a command; no code where it was ended at the deadline."""
    with subprocess.Popen(
        command,
        stdin=watch.stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        try:
            complete, texts = _read(child, watch, deadline)
        except BaseException:
            child.kill()
            raise
        if not complete:
            child.kill()
            return None, *texts
        return child.wait(), *texts


def _read(
    child: subprocess.Popen[bytes], watch: _Watch, deadline: float
) -> tuple[bool, tuple[str, str]]:
    """Whether the child closed its outputs in time, and what it wrote; too much of it is cut."""
    with selectors.DefaultSelector() as selector:
        outputs: dict[int, bytearray] = {}
        for file in (child.stdout, child.stderr):
            if file is not None:
                outputs[file.fileno()] = bytearray()
                selector.register(file, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            watch.look()
            for key, _ in selector.select(min(left, PROGRESS_SECONDS)):
                data = key.fileobj.read1(1 << 16)  # type: ignore[union-attr]
                if key.fileobj is child.stdout:
                    watch.output(data)
                if not data:
                    selector.unregister(key.fileobj)
                if len(outputs[key.fd]) < LIMIT_BYTES:
                    outputs[key.fd] += data
        out, err = (bytes(data).decode(errors="replace") for data in outputs.values())
        return not selector.get_map(), (out, err)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        child.stdin.close()
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(1 << 16).decode(errors="replace")


def _ssh() -> str:
    found = shutil.which("ssh")
    if found is None:
        raise UserError(
            "`ssh` is not installed: hosts are reached with it",
            None,
            "install it with `apt install openssh-client`",
        )
    return found
