"""One connection that is carried from a client to a guest."""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Callable

from fata.deploy.traffic.proxy.loop import IN, OUT, Loop
from fata.deploy.traffic.route import Endpoint

PATIENCE = 10.0
"""Seconds for which a guest that cannot be reached is tried again; then the client is told."""
ATTEMPT = 3.0
"""Seconds after which an attempt to reach it counts as failed."""

_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_CHUNK = 65536
_AT_ONCE = struct.pack("ii", 1, 0)  # socket(7), SO_LINGER: closing it sends a reset
_KEEPALIVE = (60, 30, 4)  # seconds until the first probe, between them, and how many


class Side:
    """One of the two sockets of a relay. `waiting` is what it has not taken yet."""

    __slots__ = ("deaf", "descriptor", "ended", "events", "handler", "shut", "socket", "waiting")

    def __init__(self, own: socket.socket) -> None:
        self.socket = own
        self.descriptor = own.fileno()
        self.waiting = memoryview(b"")
        self.ended = False  # it sends nothing more
        self.shut = False  # we send it nothing more
        self.deaf = False  # it takes nothing more
        self.events: int | None = None  # what the loop waits for, if for anything

    handler: Callable[[int], None]


class Relay:
    """`Relay(loop, client, target, done)` carries bytes both ways, until both sides have ended.

    `target()` is where a guest is, asked anew for each attempt. `done(relay)` is called at the
    end. What one side does not take the other one does not get rid of; half-closed connections
    stay so, and a reset is passed on. `reached` is where it leads.
    """

    __slots__ = (
        "_attempt",
        "_begin",
        "_client",
        "_done",
        "_guest",
        "_loop",
        "_over",
        "_pause",
        "_target",
        "reached",
    )

    def __init__(
        self,
        loop: Loop,
        client: socket.socket,
        target: Callable[[], Endpoint],
        done: Callable[[Relay], None],
    ) -> None:
        self._loop = loop
        self._client = Side(client)
        self._guest: Side | None = None
        self._target = target
        self._done = done
        self._begin = time.monotonic()
        self._pause = _PAUSE
        self._attempt = 0
        self._over = False
        self.reached = target()

    def start(self) -> None:
        """Reach the guest; from then on it goes by itself."""
        self._dial()

    def abort(self) -> None:
        """Cut the connection: both sides get a reset."""
        if self._over:
            return
        for side in (self._client, self._guest):
            if side is not None:
                side.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._close()

    def _close(self) -> None:
        self._over = True
        for side in (self._client, self._guest):
            if side is not None:
                self._loop.remove(side.descriptor)
                side.socket.close()
        self._done(self)

    def _dial(self) -> None:
        if self._over:
            return
        self.reached = self._target()
        self._attempt += 1
        try:
            own = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError:  # no descriptors are left, for now
            self._again()
            return
        prepare(own)
        side = Side(own)
        self._guest = side
        number = own.connect_ex((self.reached.address, self.reached.port))
        if number == 0:
            self._connected(side)
        elif number == errno.EINPROGRESS:
            self._loop.add(side.descriptor, OUT, self._answered)
            attempt = self._attempt
            self._loop.later(ATTEMPT, lambda: self._late(attempt))
        else:
            self._failed(side)

    def _answered(self, events: int) -> None:
        side = self._guest
        if side is None:
            return
        self._loop.remove(side.descriptor)
        if side.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._failed(side)
        else:
            self._attempt += 1  # so that it is not late any more
            self._connected(side)

    def _late(self, attempt: int) -> None:
        if not self._over and attempt == self._attempt and self._guest is not None:
            self._loop.remove(self._guest.descriptor)
            self._failed(self._guest)

    def _failed(self, side: Side) -> None:
        side.socket.close()
        self._guest = None
        self._attempt += 1
        self._again()

    def _again(self) -> None:
        if time.monotonic() - self._begin > PATIENCE:
            self.abort()
            return
        self._loop.later(self._pause, self._dial)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _connected(self, guest: Side) -> None:
        client = self._client
        client.handler = lambda events: self._ready(client, guest, events)
        guest.handler = lambda events: self._ready(guest, client, events)
        # What the client has sent meanwhile is there without waiting.
        self._read(client, guest)
        self._settle(client, guest)

    def _ready(self, side: Side, other: Side, events: int) -> None:
        if side.waiting and events & OUT:
            self._write(side)
        wanted = side.events
        if not wanted:
            # It has broken, or is closed in both directions; what is left of it is read in time.
            self._loop.remove(side.descriptor)
            side.events = None
        elif wanted & IN and events & ~OUT and not self._read(side, other):
            return
        elif not wanted & IN and events & ~(IN | OUT):
            side.deaf, side.waiting = True, memoryview(b"")
        self._settle(side, other)

    def _read(self, side: Side, other: Side) -> bool:
        """Pass on what `side` has sent; whether the relay goes on."""
        try:
            data = side.socket.recv(_CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            self.abort()
            return False
        if not data:
            side.ended = True
        elif not other.deaf:
            other.waiting = memoryview(data)
            self._write(other)
        return True

    def _write(self, side: Side) -> None:
        try:
            side.waiting = side.waiting[side.socket.send(side.waiting) :]
        except BlockingIOError:
            pass
        except OSError:
            # It may have answered before it broke: that is read first.
            side.deaf, side.waiting = True, memoryview(b"")

    def _settle(self, one: Side, two: Side) -> None:
        """Pass on ends, and wait for what can be done next."""
        if self._over:
            return
        for side, other in ((one, two), (two, one)):
            if other.ended and not side.waiting and not side.shut:
                side.shut = True
                try:
                    side.socket.shutdown(socket.SHUT_WR)
                except OSError:
                    side.deaf = True
        if one.shut and two.shut:
            self._close()
            return
        for side, other in ((one, two), (two, one)):
            events = OUT if side.waiting else 0
            if not side.ended and not other.waiting:
                events |= IN
            self._wait(side, events)

    def _wait(self, side: Side, events: int) -> None:
        if events == side.events or (side.events is None and not events):
            return
        if side.events is None:
            self._loop.add(side.descriptor, events, side.handler)
        else:
            self._loop.change(side.descriptor, events)
        side.events = events


def prepare(own: socket.socket) -> None:
    """`prepare(own)` sets what holds for all our sockets; accepted ones have it of the listener."""
    first, between, count = _KEEPALIVE
    own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, first)
    own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, between)
    own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, count)
