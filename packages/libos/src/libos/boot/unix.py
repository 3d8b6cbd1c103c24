"""A program as an ordinary process: the target `unix`."""

from __future__ import annotations

import importlib
import signal
import sys

from libos.boot.outcome import last_line
from libos.boot.program import run


def main(module: str, words: list[str]) -> int:
    """`main(module, words)` is the exit code of the generated program `module`.

    A terminate signal ends it as an interrupt from the keyboard does.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code, reason = run(lambda: importlib.import_module(module), words)
    if code:
        print(last_line(code, reason), file=sys.stderr, flush=True)  # noqa: T201
    elif words == ["--help"]:
        print(reason)  # noqa: T201
    return code
