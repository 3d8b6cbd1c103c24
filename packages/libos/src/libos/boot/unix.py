"""A program as an ordinary process: the target `unix`."""

from __future__ import annotations

import atexit
import os
import signal
import sys

from libos.boot.outcome import INTERRUPTED, REASONS, last_line
from libos.boot.program import run

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType


def main(module: ModuleType, execute: Callable[[ModuleType], None], words: list[str]) -> int:
    """`main(module, execute, words)` is the exit code of the generated program `module`.

    `execute(module)` runs the module's body. A terminate signal ends the program as an interrupt
    from the keyboard does. Until the program itself begins, an interrupt is left to the caller.
    """
    atexit.register(_ignore)  # the first to come is the last to be called

    def load() -> ModuleType:
        execute(module)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return module

    try:
        code, reason = run(load, words)
    except KeyboardInterrupt:  # between the program and its end
        code, reason = INTERRUPTED, REASONS[INTERRUPTED]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end)  # threads may hold up Python's own end
    if code:
        print(last_line(code, reason), file=sys.stderr, flush=True)  # noqa: T201
    return code


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _ignore() -> None:
    # Python takes its handlers back when it ends, and an interrupt would kill it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
