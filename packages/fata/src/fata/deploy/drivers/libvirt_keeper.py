"""The keeper of one guest below libvirt: it creates the domain and keeps its console.

The domain is created paused, so that its terminal is open before the first byte is written. If
the keeper is killed the guest runs on, since it is libvirt's, and another keeper attaches to it:
that one takes the console from libvirt's log, which has what was said meanwhile, too.
The arguments are the URI of libvirt and the directory of the guest.
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
from fata.deploy.drivers.console import CONSOLE
from fata.deploy.drivers.directory import OUTCOME, write_value
from fata.deploy.drivers.domain_keeper import keep, say_started
from fata.deploy.drivers.keeper import ASK, DESTROY
from fata.deploy.drivers.libvirt_log import Log, position
from fata.deploy.drivers.processes import LIBVIRT_KEEPER
from fata.deploy.drivers.recorder import ASKED, DESTROYED, Recorder
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.drivers.virsh import Virsh, VirshError
from functoria.error import UserError

DOMAIN = "domain.xml"
LOG = "console.libvirt"

_INTERRUPT = b"\x03"
_LOOK = 5.0  # seconds after which libvirt is asked whether the domain is still there
_TURN = 0.2  # seconds after which its log is read again, where that is what is taken down
_LAST = 3.0  # seconds that libvirt has to say why it ended
_LOGGED = 1.0  # seconds that it has to write down the last that the guest said


class LibvirtKeeper:
    """`LibvirtKeeper(spec, virsh, signals)` runs one guest, by `run`, or goes on by `attach`."""

    def __init__(self, spec: GuestSpec, virsh: Virsh, signals: socket.socket) -> None:
        self._spec = spec
        self._virsh = virsh
        self._signals = signals
        self._recorder = Recorder(spec.directory, spec.console_bytes)
        self._stopped: str | None = None
        self._taken = 0
        self._log: Log | None = None

    def run(self) -> None:
        """`run()` returns when the domain has ended; raises `UserError` if it does not start."""
        spec, virsh = self._spec, self._virsh
        try:
            virsh.run("create", str(spec.directory / DOMAIN), "--paused")
        except VirshError as error:
            raise _refused(error, spec) from error
        try:
            with contextlib.ExitStack() as opened:
                name = virsh.run("ttyconsole", spec.name).strip()
                terminal = opened.enter_context(_terminal(name))
                events = opened.enter_context(self._events())
                virsh.run("resume", spec.name)
                say_started(spec.directory)
                ready = opened.pop_all()
        except BaseException as error:
            self._destroy()
            if isinstance(error, VirshError):
                raise _refused(error, spec) from error
            raise
        with ready:
            self._attend(terminal)
            why = _reason(events)
        self._finish(why)

    def attach(self) -> None:
        """`attach()` returns when the domain has ended, which runs already."""
        directory = self._spec.directory
        try:
            name = self._virsh.run("ttyconsole", self._spec.name).strip()
        except VirshError as error:
            raise _lost(error, self._spec) from error
        with _terminal(name) as terminal, self._events() as events:
            with contextlib.suppress(OSError):  # without it, the terminal is all there is
                self._log = Log(directory / LOG, position(directory / LOG, directory / CONSOLE))
            self._recorder.resume(directory)
            say_started(directory)
            self._attend(terminal)
            why = _reason(events)
        self._finish(why)

    def _attend(self, terminal: int) -> None:
        """Take the console down until nobody writes to it any more and the domain is gone."""
        files: list[int | socket.socket] = [terminal, self._signals]
        pause, looked = _LOOK if self._log is None else _TURN, time.monotonic()
        while True:
            ready, _, _ = select.select(files, [], [], pause if terminal in files else 0.1)
            if self._signals in ready:
                self._obey(terminal)
            if terminal in ready and not self._read(terminal):
                files.remove(terminal)
            if self._log is not None:
                self._recorder.feed(self._log.read())
            if terminal not in files or time.monotonic() - looked >= _LOOK:
                looked = time.monotonic()
                if not self._there():
                    while self._read(terminal):
                        pass
                    return

    def _finish(self, why: str) -> None:
        self._take_what_is_lost()
        self._recorder.close()
        self._tell(why)

    def _read(self, terminal: int) -> bool:
        try:
            data = os.read(terminal, 65536)
        except BlockingIOError:
            return False
        except OSError:  # EIO: the other end is closed
            return False
        if self._log is None:  # it has the same, and what was said before we came
            self._feed(data)
        return bool(data)

    def _feed(self, data: bytes) -> None:
        self._taken += len(data)
        self._recorder.feed(data)

    def _take_what_is_lost(self) -> None:
        """Take down the last words: a terminal forgets what is unread when its other end closes.

        A log that was begun anew, since it was too long, is shorter than what was taken down.
        """
        path, deadline = self._spec.directory / LOG, time.monotonic() + _LOGGED
        with contextlib.suppress(OSError):
            log = self._log or Log(path, self._taken)
            while True:
                self._recorder.feed(log.read())
                told = self._recorder.reading.verdict is not None or self._stopped == DESTROYED
                if told or time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            log.close()
            for each in sorted(path.parent.glob(f"{LOG}*")):
                each.unlink()

    def _obey(self, terminal: int) -> None:
        for number in self._signals.recv(64):
            if number == DESTROY:
                self._stopped = self._stopped or DESTROYED
                self._destroy()
            elif number == ASK and self._stopped is None:
                self._stopped = ASKED
                with contextlib.suppress(OSError):
                    os.write(terminal, _INTERRUPT)

    def _destroy(self) -> None:
        with contextlib.suppress(VirshError):
            self._virsh.run("destroy", self._spec.name)

    def _there(self) -> bool:
        try:
            return self._virsh.run("domstate", self._spec.name).strip() not in ("shut off", "")
        except VirshError as error:
            # Only a libvirt that answers knows that a domain is gone.
            return "failed to get domain" not in str(error)

    @contextlib.contextmanager
    def _events(self) -> Iterator[subprocess.Popen[bytes]]:
        """The life of the domain as libvirt tells it."""
        words = ("event", "--domain", self._spec.name, "--event", "lifecycle", "--loop")
        child = subprocess.Popen(
            self._virsh.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            preexec_fn=tied(),  # noqa: PLW1509 - it must not outlive us
        )
        try:
            yield child
        finally:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()

    def _tell(self, why: str) -> None:
        orderly = not any(word in why for word in ("Crashed", "Failed"))
        said = f"; libvirt says: {why}" if why else ""
        last = self._recorder.reading.last
        reason = self._recorder.reading.diagnosis() or (
            f"the guest ended without an exit code{said}; its last line: {last}"
            if orderly
            else f"its QEMU was killed or failed{said}"
        )
        outcome = self._recorder.outcome(orderly, self._stopped, reason)
        with contextlib.suppress(OSError):  # what is not written is read off the console
            write_value(self._spec.directory / OUTCOME, outcome)


def main() -> int:
    """The process."""
    uri, label = sys.argv[1:]
    directory = Path(label.removeprefix(LIBVIRT_KEEPER))
    return keep(directory, lambda spec, signals: LibvirtKeeper(spec, Virsh(uri), signals))


@contextlib.contextmanager
def _terminal(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _reason(events: subprocess.Popen[bytes]) -> str:
    """What the last event says, such as `Stopped Failed`; empty if libvirt says nothing."""
    if events.stdout is None:
        return ""
    text, deadline = b"", time.monotonic() + _LAST
    while b"Stopped" not in text or not text.endswith(b"\n"):
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not select.select([events.stdout], [], [], remaining)[0]:
            return ""
        data = os.read(events.stdout.fileno(), 4096)
        if not data:
            return ""
        text += data
    return text.decode(errors="replace").strip().rpartition(": ")[2][:100]


def _refused(error: VirshError, spec: GuestSpec) -> UserError:
    return UserError(
        f"libvirt did not start the guest: {error}",
        str(spec.directory / DOMAIN),
        "see what `virsh create` says of that file, and libvirt's log of the domain",
    )


def _lost(error: VirshError, spec: GuestSpec) -> UserError:
    return UserError(
        f"no keeper can attach to the guest: {error}",
        spec.name,
        "see what `virsh ttyconsole` says of it; deploying the app again replaces it",
    )


if __name__ == "__main__":
    sys.exit(main())
