"""What a proxy carries: the ports that it listens on, and the connections that came by them."""

from __future__ import annotations

import resource
import socket
from collections.abc import Collection, Iterable
from functools import partial

from fata.deploy.traffic.proxy.door import BACKLOG, Door, open_door
from fata.deploy.traffic.proxy.loop import IN, Loop
from fata.deploy.traffic.proxy.relay import Relay
from fata.deploy.traffic.proxy.wire import Refusal
from fata.deploy.traffic.route import Endpoint, Route

MOST = 16384
"""Connections at once, where that many descriptors can be had; others wait in the backlog."""
_SPARE = 64
_AT_ONCE = 64  # connections accepted before others have their turn
_PAUSE = 0.05


class Carrier:
    """`Carrier(loop, most)` carries connections, `most` at a time. What leads where may change."""

    def __init__(self, loop: Loop, most: int | None = None) -> None:
        self._loop = loop
        self._most = most or _most()
        self._doors: dict[int, Door] = {}
        self._relays: set[Relay] = set()
        self._pausing = False

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is in force, in order."""
        return tuple(sorted(door.route for door in self._doors.values()))

    @property
    def idle(self) -> bool:
        """Whether there is nothing that it listens on, and nothing that it carries."""
        return not self._doors and not self._relays

    def count(self, endpoints: Collection[Endpoint]) -> int:
        """How many connections lead to one of these."""
        return sum(relay.reached in endpoints for relay in self._relays)

    def forget(self, endpoints: Collection[Endpoint] | None) -> int:
        """Cut these connections, `None` for all; how many there were."""
        found = [relay for relay in self._relays if endpoints is None or relay.reached in endpoints]
        for relay in found:
            relay.abort()
        return len(found)

    def adopt(self, sockets: dict[int, list[socket.socket]], routes: Iterable[Route]) -> None:
        """Listen on sockets that another process has made, for those of the routes."""
        for route in routes:
            if route.port in sockets:
                self._enter(Door(route, sockets.pop(route.port)))
        for rest in sockets.values():
            for each in rest:
                each.close()

    def lead(self, routes: Collection[Route]) -> tuple[Refusal, ...]:
        """Have these routes in force, and no others; which of them cannot be."""
        opened, refused = [], []
        for route in routes:
            if route.port not in self._doors:
                try:
                    opened.append(open_door(route))
                except OSError as error:
                    refused.append(Refusal(route.port, error.errno or 0))
        wanted = {route.port: route for route in routes}
        for port in [port for port in self._doors if port not in wanted]:
            self._leave(port, accepting=True)
        for port, door in self._doors.items():
            door.route = wanted[port]
        for door in opened:
            self._enter(door)
        return tuple(refused)

    def sockets(self) -> list[tuple[int, socket.socket]]:
        """All that it listens on, with the port of each."""
        return [(port, each) for port, door in self._doors.items() for each in door.sockets]

    def retire(self) -> None:
        """Listen no more: another process has the same sockets."""
        for port in list(self._doors):
            self._leave(port, accepting=False)

    def _enter(self, door: Door) -> None:
        self._doors[door.route.port] = door
        if not self._pausing:
            self._attend(door)

    def _attend(self, door: Door) -> None:
        for listener in door.sockets:
            self._loop.add(listener.fileno(), IN, partial(self._ready, door, listener))

    def _ready(self, door: Door, listener: socket.socket, _: int) -> None:
        self._accept(door, listener, _AT_ONCE)

    def _leave(self, port: int, *, accepting: bool) -> None:
        door = self._doors.pop(port)
        for listener in door.sockets:
            self._loop.remove(listener.fileno())
            if accepting:
                self._accept(door, listener, BACKLOG)
        door.close()

    def _accept(self, door: Door, listener: socket.socket, most: int) -> None:
        try:
            for client in door.accept(listener, most):
                relay = Relay(self._loop, client, lambda: door.route.to, self._relays.discard)
                self._relays.add(relay)
                relay.start()
                if len(self._relays) >= self._most:
                    self._pause()
                    return
        except OSError:  # no descriptors or memory are left: the backlog keeps what comes
            self._pause()

    def _pause(self) -> None:
        """Accept nothing for a moment."""
        if self._pausing:
            return
        self._pausing = True
        for _, listener in self.sockets():
            self._loop.remove(listener.fileno())
        self._loop.later(_PAUSE, self._go_on)

    def _go_on(self) -> None:
        if len(self._relays) >= self._most:
            self._loop.later(_PAUSE, self._go_on)
            return
        self._pausing = False
        for door in self._doors.values():
            self._attend(door)


def _most() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST + _SPARE
    soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(MOST, (soft - _SPARE) // 2))
