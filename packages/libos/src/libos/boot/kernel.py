"""System calls that the standard library does not wrap, through the C library.

`ctypes` is imported with the module, so import the module only where it is needed.
"""

from __future__ import annotations

import ctypes
import os

# mount(2), reboot(2), finit_module(2)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
RESTART = 0x01234567
POWER_OFF = 0x4321FEDC
SYS_FINIT_MODULE = 313

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Attach a file system to the tree: see `man 2 mount`. Raises `OSError`."""
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _check(result, f"mount {kind} on {target}")


def reboot(command: int) -> None:
    """End the machine with `RESTART` or `POWER_OFF`. Raises `OSError`."""
    _check(_libc.reboot(ctypes.c_int(command)), "reboot")


def load_module(path: str) -> None:
    """Load the kernel module in the file `path` (finit_module(2)). Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        result = _libc.syscall(
            ctypes.c_long(SYS_FINIT_MODULE), ctypes.c_int(descriptor), b"", ctypes.c_int(0)
        )
        _check(result, f"load {path}")
    finally:
        os.close(descriptor)
