"""Requests to end: ctrl-C on the console, and whatever else becomes SIGINT. None of them is lost.

A host that starts a guest cannot see how far it has come: until PID 1 has its console the kernel
drops what is typed there. With `TELLS` among its words the kernel's command line says that PID 1
sets the output OUT1 of its serial port (`MODEM_OUT1`, ioctl_tty(2)) once an interrupt reaches it.
While the bit is clear nothing of the program has begun, and the host may end the machine itself.
"""

from __future__ import annotations

import signal

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from types import FrameType

TELLS = "fata.ready=out1"

MODEM_OUT1 = 0x2000
"""TIOCM_OUT1 of Linux, which the module `termios` does not have."""


class Interrupts:
    """What becomes of SIGINT, from the first moment of PID 1 to its last."""

    __slots__ = ("heard",)

    def __init__(self) -> None:
        self.heard = False

    def remember(self) -> None:
        """From now on an interrupt is noted, and nothing else: a machine is being made ready."""
        signal.signal(signal.SIGINT, self._note)

    def heed(self) -> None:
        """From now on an interrupt is raised as `KeyboardInterrupt`, as one before is now."""
        signal.signal(signal.SIGINT, self._raise)
        self._raise_earlier()

    def leave(self) -> None:
        """Leave interrupts to the program, as Python does; one before is raised now."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._raise_earlier()

    def ignore(self) -> None:
        """From now on an interrupt changes nothing: the program has ended."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.heard = True

    def _raise(self, _number: int, _frame: FrameType | None) -> None:
        self.heard = True
        raise KeyboardInterrupt

    def _raise_earlier(self) -> None:
        if self.heard:
            raise KeyboardInterrupt


def tell_ready(descriptor: int) -> None:
    """Set OUT1 of the serial port that is open as `descriptor`. Raises `OSError`."""
    import fcntl
    import sys
    import termios

    fcntl.ioctl(descriptor, termios.TIOCMBIS, MODEM_OUT1.to_bytes(4, sys.byteorder))
