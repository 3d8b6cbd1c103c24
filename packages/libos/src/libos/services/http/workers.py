"""A bounded number of threads for code that blocks; none is started before it is needed."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Long enough for what is about to end; whatever else is left behind.
_JOIN_SECONDS = 1.0


class Workers:
    """`Workers(limit)` runs functions in at most `limit` threads; what is more waits its turn.

    The threads are daemons, unlike those of `concurrent.futures`: code that never returns does
    not keep a program from ending. Raises `ValueError` for a `limit` below 1.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"at least 1 thread is needed, not {limit}")
        self._limit = limit
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    async def run(self, function: Callable[[], None]) -> None:
        """When `run(function)` is done, `function` has returned in one of the threads.

        Raises what it raised. If the caller is cancelled before the function had its turn, it is
        not called; after that it goes on, and nobody waits for it.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        context = copy_context()

        def work() -> None:
            outcome: BaseException | None = None
            try:
                if not done.cancelled():
                    context.run(function)
            except BaseException as error:  # handed to the caller, whatever it is
                outcome = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(self._settle, done, outcome)

        self._unfinished += 1
        if len(self._threads) < min(self._limit, self._unfinished):
            self._start_thread()
        self._waiting.put(work)
        await done

    def stop(self) -> None:
        """End the threads; those that are busy for long are left behind."""
        for _ in self._threads:
            self._waiting.put(None)
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads.clear()

    def _start_thread(self) -> None:
        name = f"worker-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while (work := self._waiting.get()) is not None:
            work()

    def _settle(self, done: asyncio.Future[None], outcome: BaseException | None) -> None:
        self._unfinished -= 1
        if done.cancelled():
            return
        if outcome is None:
            done.set_result(None)
        elif isinstance(outcome, StopIteration):  # which no future can carry
            done.set_exception(RuntimeError(f"{outcome!r} was raised"))
        else:
            done.set_exception(outcome)
