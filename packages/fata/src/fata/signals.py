"""The signals that ask a program to end, passed on instead."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def signals_to(act: Callable[[], None]) -> Iterator[None]:
    """Within this context the signals that ask a program to end call `act` instead."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers belong to the main thread, and so do the signals
        return

    def handler(_number: int, _frame: FrameType | None) -> None:
        act()

    before = [(number, signal.signal(number, handler)) for number in _NUMBERS]
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)
