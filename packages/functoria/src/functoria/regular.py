"""Files that are read only if they are files: what waits for a writer is not waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_regular(path: Path, most: int = -1) -> bytes:
    """`read_regular(path, most)` is what the file holds, of which no more than `most` bytes.

    Raises `OSError`, also for a directory, a FIFO, a device: to open a FIFO waits for a writer,
    which may never come (fifo(7)).
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is not a regular file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)
