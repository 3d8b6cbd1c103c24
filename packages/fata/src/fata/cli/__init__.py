"""The command line: one verb per file. Nothing else prints."""

from __future__ import annotations

# `signal` imports others for milliseconds, in which it cannot be asked for anything.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType


def main() -> None:
    """Run the command that the arguments name, and exit with its code.

    Ctrl-C shows no traceback, however early it comes: while modules are imported, whose code
    would make another error of it, and while Python ends. Nor is it lost where Python itself has
    nobody to raise it to.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, _end)
        sys.unraisablehook = _unraisable
    from fata.cli.entry import run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _end(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(130)


def _unraisable(told: UnraisableHookArgs) -> None:
    """What is raised in a finalizer, or in a callback of Python's own, such as one of imports."""
    if told.exc_type is KeyboardInterrupt:
        _end(0, None)
    sys.__unraisablehook__(told)
