"""Starting a lab's QEMU below a supervisor, and the wire to it until the lab is kept."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from fata.identity import identify
from fata.lab.machine import EXCHANGE_BYTES, Machine, command
from fata.lab.place import Place
from fata.lab.record import Record, encode
from fata.lab.supervisor import KEEP, KEPT
from fata.lab.tools import DISK_BYTES
from fata.qemu.machine import PROGRAM
from fata.qemu.qmp import Qmp, QmpError
from functoria.error import UserError

QMP = "qmp"
PORTS = range(20000, 32768)
"""Below the ports that the kernel gives to outgoing connections."""


class EndedError(Exception):
    """`EndedError(words)` says that QEMU ended while it was started; `words` are its last ones."""


class Starting:
    """A QEMU that ends with this object, or with this process, unless it is kept."""

    def __init__(self, place: Place, machine: Machine, incoming: Path | None) -> None:
        self._place = place
        self._pending = b""
        with place.exchange.open("ab") as exchange:
            exchange.truncate(EXCHANGE_BYTES)
        place.disk.unlink(missing_ok=True)
        with place.disk.open("xb") as disk:
            disk.truncate(DISK_BYTES)
        with listen(place.directory, QMP) as qmp:
            saved = None if incoming is None else os.open(incoming, os.O_RDONLY | os.O_CLOEXEC)
            try:
                inherited = (qmp.fileno(),) if saved is None else (qmp.fileno(), saved)
                self._start(command(machine, qmp.fileno(), saved), inherited)
            finally:
                if saved is not None:
                    os.close(saved)

    def _start(self, arguments: tuple[str, ...], inherited: tuple[int, ...]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            words = (str(theirs.fileno()), str(self._place.complaints))
            numbers = ",".join(str(number) for number in inherited)
            self._supervisor = subprocess.Popen(
                [sys.executable, "-P", "-m", "fata.lab.supervisor", *words, numbers, *arguments],
                cwd=self._place.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *inherited),
                start_new_session=True,
            )
        pid = self._line(30.0)
        self._qemu = identify(int(pid)) if pid.isdigit() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        if not self._kept:
            # One that was told to keep the lab, and could not answer any more, does not end.
            with suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(10.0)

    _kept = False

    @property
    def ended(self) -> bool:
        """Whether QEMU has ended."""
        return self._qemu is None or not self._qemu.alive

    def check(self) -> None:
        """Raises `EndedError` if QEMU has ended."""
        if self.ended:
            raise EndedError(last_words(self._place))

    def qmp(self) -> Qmp:
        """A session with QEMU; raises `EndedError` where there is none to be had."""
        self.check()
        try:
            return connect(self._place)
        except QmpError as error:
            self.check()
            raise EndedError(str(error)) from error

    def keep(self, port: int, memory: int, restored: bool, versions: tuple[str, ...]) -> Record:
        """`keep(...)` is the record of the lab, which from now on does not end with us."""
        supervisor = identify(self._supervisor.pid)
        if self._qemu is None or supervisor is None:
            raise EndedError(last_words(self._place))
        now = int(time.time())
        record = Record(self._qemu, supervisor, port, memory, now, restored, versions)
        self._control.sendall(KEEP + json.dumps(encode(record).decode()).encode() + b"\n")
        if self._line(30.0) != KEPT.decode().strip():
            raise EndedError(last_words(self._place))
        self._kept = True
        # It is not ours to wait for: without this, the interpreter would complain.
        self._supervisor.returncode = 0
        return record

    def _line(self, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._pending:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not select.select([self._control], [], [], remaining)[0]:
                return ""
            data = self._control.recv(4096)
            if not data:
                return ""
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode(errors="replace")


def connect(place: Place) -> Qmp:
    """`connect(place)` is a QMP session with the lab's QEMU; raises `QmpError`."""
    with _short(place.directory) as directory:
        return Qmp.connect(directory / QMP, timeout=10.0)


@contextmanager
def _short(directory: Path) -> Iterator[Path]:
    """A short name for a directory, since the names of sockets are short (unix(7))."""
    descriptor = os.open(directory, os.O_PATH | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def listen(directory: Path, name: str) -> socket.socket:
    """`listen(directory, name)` is a listening socket there, whatever the length of its path."""
    (directory / name).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        with _short(directory) as short:
            listener.bind(str(short / name))
        listener.listen(1)
    except BaseException:
        listener.close()
        raise
    return listener


def free_port(name: str, but: Collection[int] = ()) -> int:
    """`free_port(name, but)` is a port of the loopback address that nobody has, below 32768.

    It is none of `but`. Raises `UserError`.
    """
    first = sum(name.encode()) * 7 % len(PORTS)
    for index in range(len(PORTS)):
        port = PORTS[(first + index) % len(PORTS)]
        if port in but:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise UserError(
        f"no port between {PORTS.start} and {PORTS.stop - 1} is free",
        "127.0.0.1",
        "end some of the programs that `ss -tlnp` lists",
    )


def last_words(place: Place) -> str:
    """`last_words(place)` is why QEMU ended, as far as it said."""
    try:
        lines = place.complaints.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    words = [line for line in lines if line.strip() and "warning:" not in line]
    return words[0].removeprefix(f"{PROGRAM}: ")[:400] if words else "it said nothing"
