"""Leading ports to guests by a process of ours, for users without root."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import socket
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from fata.called import called
from fata.deploy.drivers.directory import write
from fata.deploy.drivers.launch import keeper_environment
from fata.deploy.traffic.proxy import wire
from fata.deploy.traffic.proxy.door import bound
from fata.deploy.traffic.proxy.table import FILE, encode, load
from fata.deploy.traffic.proxy.wire import MOST_PORTS, Reply, Request
from fata.deploy.traffic.refusal import PORTS, check_distinct, in_use, no_udp, privileged
from fata.deploy.traffic.route import Endpoint, Route
from fata.identity import identify
from fata.settings.port import Protocol
from functoria.error import UserError

LOG = "proxy.log"
"""What a proxy that cannot begin says, in its directory."""
MODULE = "fata.deploy.traffic.proxy"

_APPLYING = "apply.lock"
_ANSWER_SECONDS = 10.0
_START_SECONDS = 20.0
_PAUSE = 0.02


class Proxy:
    """`Proxy(directory, python)` is `Traffic` by a process that has that directory to itself.

    `python` is the command of the Python that runs it. The process outlives us, and there is none
    where no port leads anywhere. Of a process that runs other code than ours the next one takes
    over what it listens on, while it goes on with the connections that it has.
    """

    def __init__(self, directory: Path, python: Sequence[str]) -> None:
        self._directory = directory.absolute()  # the process has a directory of its own
        self._python = tuple(python)

    def check(self, routes: Sequence[Route]) -> None:
        """See `Traffic.check`."""
        check_distinct(routes)
        if len(routes) > MOST_PORTS:
            raise UserError(
                f"{len(routes)} ports of this host cannot be led to guests without root",
                PORTS,
                f"lead {MOST_PORTS} or fewer, or deploy to the host as root",
            )
        own = {route.port for route in self.routes() or ()}
        for route in routes:
            if route.protocol is Protocol.UDP:
                raise no_udp(route)
            if route.port not in own:
                _check_free(route)

    def apply(self, routes: Sequence[Route]) -> None:
        """See `Traffic.apply`. A port that was taken meanwhile is told of; the others lead."""
        check_distinct(routes)
        for route in routes:
            if route.protocol is Protocol.UDP:
                raise no_udp(route)
        wanted = tuple(sorted(routes))
        with self._applying():
            current = self._current(kill=True)
            if _is(current, wanted) or (current is None and not wanted and self._written(())):
                return
            write(self._directory / FILE, encode(wanted))
            if current is not None and (current.code == wire.code() or not wanted):
                current = self._current("reload")
            if wanted and (current is None or current.code != wire.code()):
                current = self._start()
            if current is not None:
                _check_reply(current, wanted)

    def routes(self) -> tuple[Route, ...] | None:
        """See `Traffic.routes`."""
        current = self._current()
        if current is not None:
            return current.routes
        return () if self._written(()) else None

    def connections(self, endpoints: Collection[Endpoint]) -> int:
        """See `Traffic.connections`."""
        request = Request("count", tuple(sorted(endpoints)))
        return sum(reply.count for reply in self._asked(request))

    def forget(self, endpoints: Collection[Endpoint]) -> None:
        """See `Traffic.forget`."""
        for _ in self._asked(Request("forget", tuple(sorted(endpoints)))):
            pass

    def remove(self) -> None:
        """See `Traffic.remove`."""
        if not self._directory.is_dir():
            return
        with self._applying():
            (self._directory / FILE).unlink(missing_ok=True)
            deadline = time.monotonic() + _ANSWER_SECONDS
            while any(True for _ in self._asked(Request("end"), kill=True)):
                if time.monotonic() > deadline:
                    raise _stuck(self._directory)
                time.sleep(_PAUSE)
            for name in (LOG, wire.LOCK):
                (self._directory / name).unlink(missing_ok=True)

    def _written(self, routes: tuple[Route, ...]) -> bool:
        return load(self._directory) == routes

    def _current(self, do: str = "state", *, kill: bool = False) -> Reply | None:
        """What the process says that listens, if there is one."""
        return next((reply for reply in self._asked(Request(do), kill=kill) if reply.current), None)

    def _asked(self, request: Request, *, kill: bool = False) -> Iterator[Reply]:
        """What the processes say that there are: one that listens, others that had listened.

        With `kill` those that say nothing are ended.
        """
        for connection in wire.connected(self._directory, _ANSWER_SECONDS):
            try:
                yield wire.ask(connection, request)
            except TimeoutError:
                if kill:  # what does not answer does not carry anything either
                    _kill(connection)
            except OSError:
                continue  # it has ended

    def _start(self) -> Reply:
        log = self._directory / LOG
        try:
            with log.open("wb") as file:
                words = ("setsid", "--fork", *self._python, "-m", MODULE, str(self._directory))
                done = called(words, cwd="/", environment=keeper_environment(), log=file)
        except OSError as error:
            raise _not_started(str(error)) from error
        if done.code:
            raise _not_started(f"`setsid` failed with {done.code}")
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            current = self._current()
            if current is not None and current.code == wire.code():
                return current
            said = log.read_text(errors="replace").splitlines()
            if said:
                raise _not_started(said[-1][:300])
            time.sleep(_PAUSE)
        raise _not_started(f"it does not answer after {_START_SECONDS:.0f} s")

    @contextlib.contextmanager
    def _applying(self) -> Iterator[None]:
        """Within this context no other process changes what this proxy carries."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._directory / _APPLYING
            own = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UserError(
                f"the proxy's directory cannot be written: {(error.strerror or '').lower()}",
                str(self._directory),
                "make room on that disk, or give yourself the right to write there",
            ) from error
        try:
            fcntl.flock(own, fcntl.LOCK_EX)
            yield
        finally:
            os.close(own)


def _is(current: Reply | None, wanted: tuple[Route, ...]) -> bool:
    return current is not None and current.code == wire.code() and current.routes == wanted


def _check_free(route: Route) -> None:
    try:
        for each in bound(route.port):
            each.close()
    except OSError as error:
        raise _unavailable(route, error.errno or 0) from error


def _check_reply(reply: Reply, wanted: tuple[Route, ...]) -> None:
    for refusal in reply.refused:
        for route in wanted:
            if route.port == refusal.port:
                raise _unavailable(route, refusal.number)
    if reply.routes != wanted:
        raise UserError("the proxy did not take the new routes", None, "run the command again")


def _unavailable(route: Route, number: int) -> UserError:
    if number in {errno.EACCES, errno.EPERM}:
        return privileged(route)
    if number == errno.EADDRINUSE:
        return in_use(route)
    return UserError(
        f"port {route.port} of this host cannot be opened: {os.strerror(number).lower()}",
        PORTS,
        "lead another port of the host to the guest",
    )


def _kill(connection: socket.socket) -> None:
    identity = identify(wire.peer(connection)[0])
    if identity is not None:
        identity.send(signal.SIGKILL)
        identity.wait(_ANSWER_SECONDS)


def _not_started(why: str) -> UserError:
    return UserError(
        f"the proxy that leads ports to guests cannot be started: {why}",
        None,
        "see that the host has memory and processes left, then run the command again",
    )


def _stuck(directory: Path) -> UserError:
    return UserError(
        "the proxy that leads ports to guests does not end",
        str(directory),
        f"look at the processes that `pgrep -f {MODULE}` lists",
    )
