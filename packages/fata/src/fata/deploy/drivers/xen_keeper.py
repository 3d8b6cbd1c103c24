"""The keeper of one guest on Xen: it creates the domain and keeps its console.

The domain is created paused, so that its console is open before the first byte is written. If the
keeper is killed the guest runs on, since it is Xen's, and another keeper attaches to it:
xenconsoled(8) holds for that one what was said meanwhile, as far as it has room. The arguments are
what makes the domain and where it is, and the directory of the guest.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fata.child import tied
from fata.deploy.drivers.directory import OUTCOME, write_value
from fata.deploy.drivers.domain_keeper import keep, say_started
from fata.deploy.drivers.keeper import ASK, DESTROY
from fata.deploy.drivers.manager import Manager, manager, toolstack
from fata.deploy.drivers.recorder import ASKED, DESTROYED, Recorder
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.drivers.xen_domain import ours
from fata.deploy.drivers.xen_site import site
from fata.xen.toolstack import Condition
from functoria.error import UserError

_LOOK = 2.0  # seconds after which Xen is asked what became of the domain
_HELD = 20.0  # seconds that its manager has to let go of it when Xen has it no more


class XenKeeper:
    """`XenKeeper(spec, made, signals)` runs one guest, by `run`, or goes on by `attach`."""

    def __init__(self, spec: GuestSpec, made: Manager, signals: socket.socket) -> None:
        self._spec = spec
        self._manager = made
        self._toolstack = toolstack(made)
        self._signals = signals
        self._recorder = Recorder(spec.directory, spec.console_bytes)
        self._stopped: str | None = None
        self._crashed = False
        self._gone: float | None = None

    def run(self) -> None:
        """`run()` returns when the domain has ended; raises `UserError` if it does not start."""
        spec = self._spec
        try:
            self._manager.create(spec)
            with contextlib.ExitStack() as opened:
                console = opened.enter_context(self._console())
                self._manager.resume(spec)
                say_started(spec.directory)
                ready = opened.pop_all()
        except BaseException:
            self._destroy()
            raise
        with ready:
            self._attend(console)
        self._finish()

    def attach(self) -> None:
        """`attach()` returns when the domain has ended, which runs already."""
        with self._console() as console:
            self._recorder.resume(self._spec.directory)
            say_started(self._spec.directory)
            self._attend(console)
        self._finish()

    def _finish(self) -> None:
        self._recorder.close()
        self._tell()
        if not self._crashed:
            self._manager.site.forget(self._spec.directory)

    def _attend(self, console: subprocess.Popen[bytes]) -> None:
        """Take the console down until the domain is gone, or has crashed and is kept."""
        if console.stdout is None:
            raise TypeError("a child without a pipe")
        output = console.stdout.fileno()
        files: list[int | socket.socket] = [output, self._signals]
        looked = time.monotonic()
        while True:
            ready, _, _ = select.select(files, [], [], _LOOK if output in files else 0.2)
            if self._signals in ready:
                self._obey()
            if output in ready:
                data = os.read(output, 65536)
                self._recorder.feed(data)
                if not data:
                    files.remove(output)
            # The console of a domain that crashed and is kept stays open.
            if output not in files or time.monotonic() - looked > _LOOK:
                looked = time.monotonic()
                if not self._there():
                    break
        while output in files and select.select([output], [], [], 0.5)[0]:
            data = os.read(output, 65536)
            if not data:
                break
            self._recorder.feed(data)

    def _obey(self) -> None:
        for number in self._signals.recv(64):
            if number == DESTROY:
                self._stopped = self._stopped or DESTROYED
                self._destroy()
            elif number == ASK and self._stopped is None:
                self._stopped = ASKED
                self._manager.shutdown(self._spec)

    def _there(self) -> bool:
        found = self._toolstack.find(self._spec.name)
        self._crashed = found is not None and found.condition is Condition.CRASHED
        if found is not None:
            return not self._crashed
        self._gone = self._gone or time.monotonic()
        return time.monotonic() - self._gone < _HELD and self._manager.holds(self._spec.directory)

    def _destroy(self) -> None:
        directory, made = self._spec.directory, self._manager
        with contextlib.suppress(UserError):
            number = ours(self._toolstack, directory.parent, made.name).get(self._spec.name)
            if number is not None:
                made.destroy(directory, number)

    @contextlib.contextmanager
    def _console(self) -> Iterator[subprocess.Popen[bytes]]:
        child = subprocess.Popen(
            self._toolstack.runner.command(["xl", "console", self._spec.name]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=tied(),  # noqa: PLW1509 - it must not outlive us
        )
        try:
            yield child
        finally:
            child.kill()
            child.wait()
            for file in (child.stdin, child.stdout):
                if file is not None:
                    file.close()

    def _tell(self) -> None:
        reading = self._recorder.reading
        last = f"; its last line: {reading.last}" if reading.last else ""
        kept = ", and its domain is kept for a look at it" if self._crashed else ""
        reason = reading.diagnosis() or f"the guest ended without an exit code{last}"
        outcome = self._recorder.outcome(not self._crashed, self._stopped, f"{reason}{kept}")
        with contextlib.suppress(OSError):  # what is not written is read off the console
            write_value(self._spec.directory / OUTCOME, outcome)


def main() -> int:
    """The process."""
    word, where, label = sys.argv[1:]
    made = manager(word, site(where))
    directory = Path(label.removeprefix(made.label))
    return keep(directory, lambda spec, signals: XenKeeper(spec, made, signals))


if __name__ == "__main__":
    sys.exit(main())
