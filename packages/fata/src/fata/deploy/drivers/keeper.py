"""The keeper of one guest: the parent of its QEMU, for as long as that runs.

It keeps the console, says when the guest has started and how it ended, and passes on that it
should end: SIGTERM asks the guest, SIGUSR1 destroys it. If the keeper is killed the kernel kills
QEMU: there is never one without the other. It is started by a driver, in a session or a unit of
its own, with the directory of the guest as its argument.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fata.deploy.drivers import cgroup
from fata.deploy.drivers.arguments import guest
from fata.deploy.drivers.directory import OUTCOME, STATE, Started, fail, read_spec, write_value
from fata.deploy.drivers.processes import KEEPER
from fata.deploy.drivers.recorder import ASKED, DESTROYED, Recorder
from fata.deploy.drivers.resources import QMP, Resources, opened, short
from fata.deploy.drivers.spawn import spawned
from fata.deploy.drivers.spec import GuestSpec
from fata.identity import descriptor, identify
from fata.qemu.failure import start_failure
from fata.qemu.machine import PROGRAM
from fata.qemu.outcome import explain
from functoria.error import UserError

ASK, DESTROY = signal.SIGTERM, signal.SIGUSR1

_INTERRUPT = b"\x03"  # what a terminal sends for ctrl-C; the guest's console makes SIGINT of it
_STDERR_KEPT = 16384


class Keeper:
    """`Keeper(spec, signals)` runs one guest, by `run`.

    The numbers of signals that come are read from `signals`.
    """

    def __init__(self, spec: GuestSpec, signals: socket.socket, program: str = PROGRAM) -> None:
        self._spec = spec
        self._signals = signals
        self._program = program
        self._recorder = Recorder(spec.directory, spec.console_bytes)
        self._stderr = b""
        self._stopped: str | None = None
        self._started = False

    def run(self) -> None:
        """`run()` returns when the guest has ended; raises `UserError` if it does not start."""
        spec = self._spec
        try:
            with opened(spec) as resources, spawned(spec, resources, self._program) as child:
                resources.close_theirs()
                status = self._attend(child, resources)
            self._recorder.close()
            self._tell(status)
        finally:
            cgroup.group(spec.directory).remove()
            with contextlib.suppress(OSError):
                (spec.directory / QMP).unlink()

    def _tell(self, status: int) -> None:
        spec, stderr = self._spec, self._stderr.decode(errors="replace")
        refused = status > 0 or status == -signal.SIGABRT
        if not self._started and refused and self._stopped is None:
            raise start_failure(stderr, guest(spec), spec.accelerator)
        why = explain(self._recorder.reading, status, None, stderr)
        outcome = self._recorder.outcome(status == 0, self._stopped, why)
        with contextlib.suppress(OSError):  # what is not written is read off the console
            write_value(spec.directory / OUTCOME, outcome)

    def _attend(self, child: subprocess.Popen[bytes], resources: Resources) -> int:
        """Attend to the guest until its QEMU has ended; the status is as in `subprocess`."""
        console, stderr = resources.console, _stderr(child)
        with (
            selectors.DefaultSelector() as selector,
            descriptor(child.pid) as ended,
            _connected(self._spec.directory) as greeting,
        ):
            handlers: tuple[tuple[socket.socket | int, Callable[[], bool]], ...] = (
                (greeting, lambda: self._greeted(greeting, child.pid)),
                (console, lambda: self._read_console(console)),
                (stderr, lambda: self._read_stderr(stderr)),
                (self._signals, lambda: self._obey(child, console)),
            )
            selector.register(ended, selectors.EVENT_READ)
            for file, handler in handlers:
                selector.register(file, selectors.EVENT_READ, handler)
            running = True
            while running:
                for key, _ in selector.select():
                    if key.data is None:
                        running = False
                    elif not key.data():
                        selector.unregister(key.fileobj)
        status = child.wait()
        while self._read_console(console):
            pass
        while self._read_stderr(stderr):
            pass
        if not self._started and status == 0:
            self._say_started(child.pid)
        return status

    def _greeted(self, greeting: socket.socket, pid: int) -> bool:
        with contextlib.suppress(ConnectionError):  # QEMU has ended: its own words say why
            if greeting.recv(4096):
                self._say_started(pid)
        greeting.close()
        return False

    def _say_started(self, pid: int) -> None:
        keeper = identify(os.getpid())
        if keeper is None:
            raise UserError(
                "this process is not in /proc", "/proc", "mount /proc where the agent runs"
            )
        write_value(self._spec.directory / STATE, Started(keeper, identify(pid), time.time()))
        self._started = True

    def _obey(self, child: subprocess.Popen[bytes], console: socket.socket) -> bool:
        for number in self._signals.recv(64):
            if number == DESTROY:
                self._stopped = self._stopped or DESTROYED
                child.kill()
            elif number == ASK and self._stopped is None:
                self._stopped = ASKED
                with contextlib.suppress(OSError):
                    console.send(_INTERRUPT)
        return True

    def _read_console(self, console: socket.socket) -> bool:
        try:
            data = console.recv(65536)
        except OSError:  # nothing more for now, or reset by an end with our input unread
            return False
        self._recorder.feed(data)
        return bool(data)

    def _read_stderr(self, descriptor: int) -> bool:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return False
        self._stderr = (self._stderr + data)[-_STDERR_KEPT:]
        return bool(data)


def keep(directory: Path) -> int:
    """`keep(directory)` runs the guest of that directory to its end; the exit code is 0.

    It is 1 if the guest could not be started: `failure.json` says why.
    """
    with signals_to_socket((ASK, DESTROY)) as signals:
        try:
            Keeper(read_spec(directory), signals).run()
        except UserError as error:
            fail(directory, error)
            return 1
        except (OSError, subprocess.SubprocessError) as error:
            fail(directory, _unexpected(error, directory))
            return 1
    return 0


@contextlib.contextmanager
def signals_to_socket(numbers: tuple[int, ...]) -> Iterator[socket.socket]:
    """Within this context the signals are bytes that can be read; those of terminals are lost."""
    wakened, waker = socket.socketpair()
    with wakened, waker:
        wakened.setblocking(False)
        waker.setblocking(False)
        for ignored in (signal.SIGINT, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        for number in numbers:
            signal.signal(number, lambda _number, _frame: None)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield wakened
        finally:
            signal.set_wakeup_fd(-1)


def main() -> int:
    """The process: its argument is the directory, behind the label that it is found by."""
    return keep(Path(sys.argv[1].removeprefix(KEEPER)))


def _stderr(child: subprocess.Popen[bytes]) -> int:
    if child.stderr is None:
        raise RuntimeError("QEMU was started without a pipe for its errors")
    return child.stderr.fileno()


@contextlib.contextmanager
def _connected(directory: Path) -> Iterator[socket.socket]:
    """A connection to QEMU's monitor, which greets once QEMU has made the whole machine."""
    with socket.socket(socket.AF_UNIX) as connection, short(directory) as folder:
        connection.connect(str(folder / QMP))
        yield connection


def _unexpected(error: Exception, directory: Path) -> UserError:
    why = getattr(error, "strerror", None) or str(error)
    return UserError(
        f"the guest could not be started: {why.lower()}",
        str(getattr(error, "filename", None) or directory),
        "make room on that disk, and give this user the right to write there",
    )


if __name__ == "__main__":
    sys.exit(main())
