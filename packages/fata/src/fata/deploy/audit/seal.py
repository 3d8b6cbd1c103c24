"""Files to which the system lets everybody, root too, only append: `chattr +a`, ioctl_iflags(2)."""

from __future__ import annotations

import array
import fcntl
import os
from pathlib import Path
from typing import IO

_GET, _SET = 0x80086601, 0x40086602
_APPEND_ONLY = 0x20


def sealed(path: Path) -> bool:
    """`sealed(path)` is whether the file can only be appended to."""
    return bool(_flags(path) & _APPEND_ONLY)


def seal(path: Path) -> bool:
    """`seal(path)` is whether the file can only be appended to from now on.

    It cannot be made so on every file system, nor without CAP_LINUX_IMMUTABLE.
    """
    return _change(path, _flags(path) | _APPEND_ONLY)


def unseal(path: Path) -> bool:
    """`unseal(path)` is whether the file is like any other now."""
    return _change(path, _flags(path) & ~_APPEND_ONLY)


def _flags(path: Path) -> int:
    number = array.array("i", [0, 0])
    try:
        with _opened(path) as handle:
            fcntl.ioctl(handle, _GET, number)
    except OSError:
        return 0
    return number[0]


def _change(path: Path, flags: int) -> bool:
    if flags == _flags(path):
        return True
    try:
        with _opened(path) as handle:
            fcntl.ioctl(handle, _SET, array.array("i", [flags, 0]))
    except OSError:
        return False
    return True


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb")
