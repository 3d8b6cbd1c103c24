"""A real Xen host for those who have none: Debian's control domain on Xen, inside QEMU.

`lab = fata.lab.ensure()` is one that runs; `lab.run([...])` and `lab.copy({...})` use it.
"""

from __future__ import annotations

from fata.completed import Completed
from fata.lab.lab import (
    Condition,
    Lab,
    Status,
    all_labs,
    down,
    ensure,
    find,
    reset,
    status,
    up,
)
from fata.lab.machine import ADDRESS, BRIDGE, MEMORY
from fata.lab.place import DEFAULT
from fata.lab.record import Forward

__all__ = [
    "ADDRESS",
    "BRIDGE",
    "DEFAULT",
    "MEMORY",
    "Completed",
    "Condition",
    "Forward",
    "Lab",
    "Status",
    "all_labs",
    "down",
    "ensure",
    "find",
    "reset",
    "status",
    "up",
]
