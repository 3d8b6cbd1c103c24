"""The process of a proxy: what it is told by its socket, and when it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from pathlib import Path

from fata.deploy.traffic.proxy import wire
from fata.deploy.traffic.proxy.carrier import Carrier
from fata.deploy.traffic.proxy.loop import IN, Loop
from fata.deploy.traffic.proxy.table import load
from fata.deploy.traffic.proxy.wire import Refusal, Reply, Request

LOCK_SECONDS = 5.0
"""How long a process that is about to end may still have the lock."""
_TELLING_SECONDS = 5.0  # for others to hear what could not be listened on
_BETWEEN_SECONDS = 0.2


class Process:
    """`Process(directory)` is the one process that carries what `traffic.json` there says."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._loop = Loop()
        self._carrier = Carrier(self._loop)
        self._code = wire.code()
        self._lock = -1
        self._refused: tuple[Refusal, ...] = ()
        self._telling = time.monotonic() + _TELLING_SECONDS

    def run(self) -> None:
        """Return when nothing is left to carry. Raises `OSError` where it cannot begin."""
        predecessor = self._take_over()
        if predecessor is None:
            self._lock = _locked(self._directory / wire.LOCK)
        self._refused = self._carrier.lead(load(self._directory) or ())
        own = wire.listen(self._directory)
        try:
            self._loop.add(own.fileno(), IN, lambda _: self._welcome(own))
            if predecessor is not None:
                with predecessor, contextlib.suppress(OSError):  # it may be gone
                    wire.ask(predecessor, Request("retire"))
            self._watch()
            self._loop.run()
        finally:
            wire.unlisten(self._directory)
            own.close()

    def _take_over(self) -> socket.socket | None:
        """Have what another process listens on, which goes on until it is told to retire."""
        for connection in wire.connected(self._directory, LOCK_SECONDS):
            try:
                wire.send(connection, Request("take"))
                reply, descriptors = wire.receive_reply(connection)
            except OSError:
                continue  # it ends, or hangs; then it has the lock
            if not descriptors:
                continue
            self._lock, *rest = descriptors
            found: dict[int, list[socket.socket]] = {}
            for (port, family), each in zip(reply.ports, rest, strict=True):
                own = socket.socket(family, socket.SOCK_STREAM, fileno=each)
                own.setblocking(False)
                found.setdefault(port, []).append(own)
            self._carrier.adopt(found, reply.routes)
            return connection.dup()
        return None

    def _welcome(self, own: socket.socket) -> None:
        try:
            connection, _ = own.accept()
        except OSError:
            return
        if wire.peer(connection)[1] not in {0, os.geteuid()}:
            connection.close()
            return
        connection.setblocking(False)
        self._loop.add(connection.fileno(), IN, lambda _: self._hear(connection))

    def _hear(self, connection: socket.socket) -> None:
        try:
            request = wire.receive_request(connection)
            if request is not None:
                reply, descriptors = self._obey(request)
                wire.send(connection, reply, descriptors)
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._loop.remove(connection.fileno())
        connection.close()

    def _obey(self, request: Request) -> tuple[Reply, list[int]]:
        match request.do:
            case "count":
                return self._reply(count=self._carrier.count(request.endpoints)), []
            case "forget":
                return self._reply(count=self._carrier.forget(request.endpoints)), []
            case "reload":
                routes = load(self._directory)
                if routes is not None and self._lock >= 0:
                    self._refused = self._carrier.lead(routes)
            case "end":
                self._carrier.forget(None)
                self._carrier.retire()
                self._retire()
            case "take" if self._lock >= 0:
                sockets = self._carrier.sockets()
                reply = self._reply(ports=tuple((port, int(own.family)) for port, own in sockets))
                return reply, [self._lock, *(own.fileno() for _, own in sockets)]
            case "retire":
                self._carrier.retire()
                self._retire()
        return self._reply(), []

    def _reply(self, count: int = 0, ports: tuple[tuple[int, int], ...] = ()) -> Reply:
        routes = self._carrier.routes
        return Reply(self._code, self._lock >= 0, routes, self._refused, count, ports)

    def _retire(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _watch(self) -> None:
        """Look now and then whether there is something left to do."""
        telling = self._lock >= 0 and self._refused and time.monotonic() < self._telling
        if self._carrier.idle and not telling:
            self._loop.ended = True
        else:
            self._loop.later(_BETWEEN_SECONDS, self._watch)


def _locked(path: Path) -> int:
    """The lock by which no two processes carry the same. Raises `OSError`."""
    own = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return own
