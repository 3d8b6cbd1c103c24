"""libvirt's own log of a console, which it keeps whether a keeper runs or not.

virtlogd(8) begins it anew, under the same name, when it is 2 MiB long.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from fata.deploy.drivers.console import LEFT_OUT, read_since

_TAIL = 512
_LATE = 1.0  # seconds that libvirt has to write down what was already read off the terminal


class Log:
    """`Log(path, position)` reads what is in the log from there on, as it comes.

    Raises `OSError` if it is not there.
    """

    __slots__ = ("_file", "_path")

    def __init__(self, path: Path, position: int) -> None:
        self._path = path
        self._file = path.open("rb", buffering=0)
        self._file.seek(position)

    def read(self) -> bytes:
        """`read()` is what has been written since, nothing if nothing was."""
        data = self._file.readall() or b""
        with contextlib.suppress(OSError):
            if os.fstat(self._file.fileno()).st_ino != self._path.stat().st_ino:
                following = self._path.open("rb", buffering=0)
                data += self._file.readall() or b""  # what came before it was put aside
                self._file.close()
                self._file = following
                data += following.readall() or b""
        return data

    def close(self) -> None:
        """`close()` ends the reading."""
        self._file.close()


def position(log: Path, console: Path) -> int:
    """`position(log, console)` is where in the log that ends which the console has.

    It is the start of the log where that has been begun anew since. What is kept of a console is
    what libvirt wrote, but for its beginning and for the rest of lines that were too long. Raises
    `OSError` if one of them cannot be read.
    """
    kept, count = read_since(console, 0)
    deadline = time.monotonic() + _LATE
    while log.stat().st_size < count and time.monotonic() < deadline:
        time.sleep(0.02)
    said = log.read_bytes()
    tail = kept[-_TAIL:].rpartition(LEFT_OUT)[2]
    if len(said) >= count and said[:count].endswith(tail):
        return count
    found = said.rfind(tail)
    return 0 if found < 0 else found + len(tail)
