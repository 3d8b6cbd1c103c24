"""The connection to the host, which is opened again when it breaks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class Caller(Protocol):
    """What asks an agent: `fata.deploy.client.Remote` while its `with` block runs."""

    def call(
        self,
        verb: str,
        request: Mapping[str, object],
        say: Callable[[str], None] | None = None,
        seconds: float = ...,
    ) -> Mapping[str, object]:
        """The agent's answer to one request. Raises `UserError`."""
        ...


@dataclass(slots=True, eq=False)
class _Opened:
    """A connection, how many calls are using it, and how to end it."""

    caller: Caller
    undo: contextlib.ExitStack
    users: int = 0
    left: bool = False


class Link:
    """`Link(opened)` asks over one connection, from any thread. `opened()` makes a new one."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Caller]]) -> None:
        self._opened = opened
        self._current: _Opened | None = None
        self._all: set[_Opened] = set()
        self._opening = threading.Lock()
        self._lock = threading.Lock()

    def call(
        self,
        verb: str,
        request: Mapping[str, object],
        say: Callable[[str], None] | None = None,
        seconds: float = 60.0,
    ) -> Mapping[str, object]:
        """`call(verb, request, say)` is the agent's answer. Raises `UserError`."""
        with self._using() as caller:
            return caller.call(verb, request, say, seconds)

    def leave(self) -> None:
        """Let the next call open a new connection. This one ends with the last call that uses it.

        Whether a connection has broken is not asked of it: one that gets no answer is left.
        """
        with self._lock:
            current, self._current = self._current, None
            if current is not None:
                current.left = True
                self._end_if_idle(current)

    def close(self) -> None:
        """End all connections, and with them the calls that use them."""
        with self._lock:
            self._current = None
            while self._all:
                self._all.pop().undo.close()

    @contextlib.contextmanager
    def _using(self) -> Iterator[Caller]:
        with self._opening:  # one is opened at a time; the others wait for it
            with self._lock:
                current = self._current
            if current is None:
                current = self._open()
            with self._lock:
                self._current = current
                self._all.add(current)
                current.users += 1
        try:
            yield current.caller
        finally:
            with self._lock:
                current.users -= 1
                self._end_if_idle(current)

    def _end_if_idle(self, one: _Opened) -> None:
        if one.left and not one.users and one in self._all:
            self._all.remove(one)
            one.undo.close()

    def _open(self) -> _Opened:
        with contextlib.ExitStack() as stack:
            caller = stack.enter_context(self._opened())
            return _Opened(caller, stack.pop_all())
