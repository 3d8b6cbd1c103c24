"""Programs that end with the process that started them, however that ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def tied() -> Callable[[], None]:
    """`tied()` is a `preexec_fn`: the kernel kills the child when the thread that made it ends.

    Everything is looked up here, before the fork, so that the child only makes system calls
    (prctl(2), PR_SET_PDEATHSIG).
    """
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong)
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # A parent that died before the call sends no signal any more.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
