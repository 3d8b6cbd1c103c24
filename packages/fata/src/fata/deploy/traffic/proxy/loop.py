"""What waits for descriptors and for times, in one thread (epoll(7))."""

from __future__ import annotations

import heapq
import itertools
import select
import time
from collections.abc import Callable

IN, OUT = select.EPOLLIN, select.EPOLLOUT

Handler = Callable[[int], None]
_BATCH = 512


class Loop:
    """`Loop()` calls handlers with what can be done with their descriptor, until `ended`."""

    __slots__ = ("_epoll", "_gone", "_handlers", "_numbers", "_timers", "ended")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._gone: set[int] = set()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.ended = False

    def add(self, descriptor: int, events: int, handler: Handler) -> None:
        """Call `handler` when one of these events is there."""
        self._epoll.register(descriptor, events)
        self._handlers[descriptor] = handler

    def change(self, descriptor: int, events: int) -> None:
        """Wait for these events instead."""
        self._epoll.modify(descriptor, events)

    def remove(self, descriptor: int) -> None:
        """No longer wait for this descriptor, which is to be done before it is closed."""
        if self._handlers.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)
            self._gone.add(descriptor)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call that function after that time."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), call))

    def run(self) -> None:
        """Go on until `ended` is set."""
        while not self.ended:
            self._turn()

    def _turn(self) -> None:
        wait = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else -1
        # A number that is closed may be that of another descriptor within the same batch.
        self._gone.clear()
        for descriptor, events in self._epoll.poll(wait, _BATCH):
            if descriptor not in self._gone:
                self._handlers[descriptor](events)
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()
