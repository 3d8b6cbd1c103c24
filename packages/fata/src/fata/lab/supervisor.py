"""The parent of a lab's QEMU, which lives as long as it does and tells how it ended.

It is started by `fata lab up` with one end of a socket. Until it is told to keep the lab, the
end of that socket, and so of whoever started it, is the end of QEMU. The kernel kills QEMU if the
supervisor is killed: there is never one without the other.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fata.child import tied
from fata.lab.place import write
from fata.lab.record import END, RECORD

KEEP = b"keep "
KEPT = b"kept\n"


def main() -> int:
    """Run QEMU as the arguments say: control descriptor, log, inherited descriptors, command."""
    number, log, inherited, *arguments = sys.argv[1:]
    descriptors = tuple(int(word) for word in inherited.split(","))
    for signal_number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signal_number, signal.SIG_IGN)
    with socket.socket(fileno=int(number)) as control, Path(log).open("wb") as complaints:
        child = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=complaints,
            stderr=complaints,
            pass_fds=descriptors,
            preexec_fn=tied(),  # noqa: PLW1509 - it must not outlive us
        )
        for descriptor in descriptors:
            os.close(descriptor)
        _tell(control, f"{child.pid}\n".encode())
        shared: list[subprocess.Popen[bytes]] = []
        kept = _supervise(child, control, lambda: shared.extend(_share()))
        status = child.wait()
        for connection in shared:
            connection.kill()
            connection.wait()
        if kept:
            _leave(Path.cwd(), status)
        _tell(control, f"ended {status}\n".encode())
    return 0


def _supervise(
    child: subprocess.Popen[bytes], control: socket.socket, when_kept: Callable[[], None]
) -> bool:
    """Wait for QEMU to end, and end it if the starter goes; whether the lab was kept."""
    ended = os.pidfd_open(child.pid)
    watched: list[int | socket.socket] = [ended, control]
    message, kept = b"", False
    try:
        while True:
            ready, _, _ = select.select(watched, [], [])
            if ended in ready:
                return kept
            data = _read(control)
            message += data
            if message.startswith(KEEP) and message.endswith(b"\n"):
                write(Path.cwd() / RECORD, json.loads(message[len(KEEP) :]).encode())
                kept, message = True, b""
                when_kept()
                _tell(control, KEPT)
            elif not data:
                watched.remove(control)
                if not kept:
                    child.kill()
    finally:
        os.close(ended)


def _share() -> list[subprocess.Popen[bytes]]:
    """A connection that the lab's commands share: a new one takes an emulated sshd a second.

    Where there is none, each opens its own.
    """
    config = Path.cwd() / "ssh_config"
    try:
        if "ControlPath" not in config.read_text():
            return []
        connection = subprocess.Popen(
            ["ssh", "-F", str(config), "-o", "ControlMaster=yes", "-N", "lab"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=tied(),  # noqa: PLW1509 - it must not outlive us
        )
    except OSError:
        return []
    return [connection]


def _read(control: socket.socket) -> bytes:
    try:
        return control.recv(1 << 16)
    except OSError:
        return b""


def _tell(control: socket.socket, message: bytes) -> None:
    try:
        control.send(message, socket.MSG_NOSIGNAL)
    except OSError:
        return  # nobody listens any more


def _leave(directory: Path, status: int) -> None:
    """Leave behind how it ended, unless the lab was removed meanwhile."""
    end = {"status": status, "at": int(time.time())}
    try:
        write(directory / END, (json.dumps(end) + "\n").encode())
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
