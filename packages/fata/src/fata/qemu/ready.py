"""How far a guest has come: whether its program could lose anything if the machine ended now.

The guest's side of it, and the bit by which it tells, is `libos.boot.interrupts`.
"""

from __future__ import annotations

import re

from fata.qemu.machine import Guest
from fata.qemu.qmp import Qmp, QmpError
from libos.boot.interrupts import TELLS

_MODEM_CONTROL = 0x3F8 + 4  # of the first serial port of a PC (16550 data sheet, MCR)
_OUT1 = 0x04


def tells(guest: Guest) -> bool:
    """`tells(guest)` is whether the guest lets it be known when it hears ctrl-C."""
    return TELLS in guest.cmdline.split()


def held_before_ready(qmp: Qmp) -> bool:
    """`held_before_ready(qmp)` is whether a guest that `tells` is not ready; it is paused then.

    It stands still while it is looked at, so that the answer stays true. Raises `QmpError`.
    """
    qmp.stop()
    answer = qmp.execute("human-monitor-command", {"command-line": f"i /b {_MODEM_CONTROL:#x}"})
    found = re.search(r"= 0x([0-9a-f]+)", str(answer))
    if found is None:
        qmp.resume()
        raise QmpError("QEMU does not tell the state of the serial port")
    if int(found[1], 16) & _OUT1:
        qmp.resume()
        return False
    return True
