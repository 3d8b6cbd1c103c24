"""One QEMU process: started so that it cannot outlive us, ended so that it is always reaped."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, Self

from fata.child import tied
from fata.qemu.failure import not_installed
from fata.qemu.machine import PROGRAM, Accelerator, Guest, Inherited, command
from fata.qemu.timestamp import tsc_khz


class Process:
    """A running QEMU with our ends of its console, its QMP socket and its error output.

    It has a session of its own, so that the terminal's ctrl-C reaches only us. The kernel kills
    it when the *thread* that made it ends, however that happens (prctl(2), PR_SET_PDEATHSIG).
    """

    __slots__ = ("_child", "console", "pid", "pidfd", "qmp", "started")

    def __init__(
        self, guest: Guest, accelerator: Accelerator, log: Path, program: str = PROGRAM
    ) -> None:
        with contextlib.ExitStack() as undo:
            self.console, console = socket.socketpair()
            self.qmp, qmp = socket.socketpair()
            undo.callback(self.console.close)
            undo.callback(self.qmp.close)
            with console, qmp:
                arguments = command(
                    guest,
                    accelerator,
                    Inherited(console.fileno()),
                    log,
                    Inherited(qmp.fileno()),
                    program,
                    tsc_khz() if accelerator is Accelerator.TCG else None,
                )
                self.started = time.monotonic()
                self._child = _spawn(arguments, (console.fileno(), qmp.fileno()))
            undo.callback(self._child.wait)
            undo.callback(self._child.kill)
            self.pid = self._child.pid
            self.pidfd = os.pidfd_open(self.pid)
            self.console.setblocking(False)
            undo.pop_all()

    @property
    def stderr(self) -> IO[bytes]:
        """What QEMU complains of."""
        if self._child.stderr is None:
            raise ValueError("QEMU was started without a pipe for its errors")
        return self._child.stderr

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def status(self) -> int | None:
        """The return code as in `subprocess`, or `None` while QEMU runs."""
        return self._child.poll()

    def terminate(self) -> None:
        """`terminate()` has QEMU write back its disks and end, whatever the guest does."""
        self._child.terminate()

    def kill(self) -> None:
        """`kill()` ends QEMU at once."""
        self._child.kill()

    def close(self) -> None:
        """`close()` kills QEMU if it still runs, reaps it and closes everything."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        with contextlib.suppress(OSError):
            os.close(self.pidfd)
        self.console.close()
        self.qmp.close()
        self.stderr.close()


def _spawn(arguments: tuple[str, ...], inherited: tuple[int, ...]) -> subprocess.Popen[bytes]:
    try:
        child = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=inherited,
            start_new_session=True,
            # No launcher in between: it would have to be started first, by every run.
            preexec_fn=tied(),  # noqa: PLW1509
        )
    except FileNotFoundError as error:
        raise not_installed(arguments[0]) from error
    if child.stderr is not None:
        os.set_blocking(child.stderr.fileno(), False)
    return child
