"""Becoming a program of the target `unix`: its launcher takes the place of this process."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NoReturn

from functoria import UserError

UNBLOCKS = b"SIG_UNBLOCK"
"""What a launcher says that can be started while ctrl-C is held back; those of old do not."""


def become(command: tuple[str, ...]) -> NoReturn:
    """`become(command)` runs it instead of this process, whose signals and exit code it has then.

    A new program forgets the handlers of the old one: an interrupt in between is held back until
    the launcher has its own. Raises `UserError` where the program cannot start.
    """
    launcher = Path(command[0])
    if UNBLOCKS in launcher.read_bytes():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        os.execv(command[0], command)  # noqa: S606 - signals and the exit code are its own
    except OSError as error:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        raise UserError(
            f"the program cannot be started: {(error.strerror or str(error)).lower()}",
            str(launcher),
            "run `fata build` again: the Python that it was built with may have moved",
        ) from None
