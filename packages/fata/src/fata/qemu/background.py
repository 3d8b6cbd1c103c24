"""A guest that runs while the caller does something else, such as asking it over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from fata.qemu.machine import Accelerator, Guest
from fata.qemu.observer import Observer
from fata.qemu.outcome import Outcome
from fata.qemu.supervise import GRACE, Run


class Background:
    """A started guest whose console is read by a thread of its own."""

    __slots__ = ("_future", "_run")

    def __init__(self, run: Run, future: Future[Outcome]) -> None:
        self._run = run
        self._future = future

    @property
    def guest(self) -> Guest:
        """The guest with the ports that were chosen for it."""
        return self._run.guest

    @property
    def ended(self) -> bool:
        """Whether the guest has ended."""
        return self._future.done()

    def interrupt(self) -> None:
        """`interrupt()` asks the guest to shut down, and the second time ends it."""
        self._run.interrupt()

    def outcome(self, timeout: float | None = None) -> Outcome:
        """`outcome(timeout)` is how it ended; raises what the run raised, or `TimeoutError`."""
        return self._future.result(timeout)


@contextlib.contextmanager
def background(
    guest: Guest,
    accelerator: Accelerator,
    log: Path,
    observer: Observer | None = None,
    grace: float = GRACE,
    limit: float | None = None,
) -> Iterator[Background]:
    """`background(guest, ...)` is a guest that runs until it ends or the context is left.

    QEMU is started by the calling thread, on whose life it depends; `observer` is called by
    another.
    """
    with (
        Run(guest, accelerator, log, observer, grace, limit) as run,
        ThreadPoolExecutor(1, "console") as executor,
    ):
        run.start()
        running = Background(run, executor.submit(run.wait))
        try:
            yield running
        finally:
            running.interrupt()
            running.interrupt()
