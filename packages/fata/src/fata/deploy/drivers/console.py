"""A guest's console in a file: bounded, written from power-on, readable after the guest's death.

The file is plain text as the guest wrote it, escape sequences and all. When it is full its older
half is dropped and it begins with a line that says how much is no longer there. What the guest
writes may be anything, as much of it as it likes: show it only through `display`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from fata.qemu.console import plain

CONSOLE = "console"
PREVIOUS = "console.previous"
LINE_BYTES = 4096
"""Of a longer line the rest is dropped, and its length noted."""

LEFT_OUT = b" bytes left out]\n"
"""The end of that note."""

_HEAD = re.compile(rb"\[fata: the first ([0-9]{1,18}) bytes are no longer kept\]\n")
_HEAD_BYTES = 80


def display(data: bytes) -> str:
    """`display(data)` is console output as text that does nothing to a terminal.

    Escape sequences and control characters are left out; what is no UTF-8 shows as U+FFFD.
    """
    return "\n".join(plain(line) for line in data.split(b"\n"))


def last_lines(path: Path, count: int) -> tuple[str, ...]:
    """`last_lines(path, count)` is the end of a console, as `display` shows it.

    It is empty where there is no file.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return ()
    lines = display(data).rstrip("\n").split("\n")
    return tuple(lines[-count:]) if lines != [""] else ()


def read_since(path: Path, position: int) -> tuple[bytes, int]:
    """`read_since(path, position)` is what was written after that position, and the new position.

    Positions count all that was ever written, from 0, so that what is read in turns is whole
    unless a flood has dropped some of it meanwhile; then it goes on with what is left. Raises
    `OSError`.
    """
    with path.open("rb") as file:
        head, dropped = _head(file.read(_HEAD_BYTES))
        size = os.fstat(file.fileno()).st_size - head
        if position > dropped + size:
            position = 0  # the guest was started again
        start = max(position, dropped)
        file.seek(head + start - dropped)
        data = file.read()
    return data, start + len(data)


class Ring:
    """`Ring(path, limit)` appends to the console at `path`, which stays within `limit` bytes.

    A disk that is full takes nothing away from the guest: what cannot be written is counted as
    `lost`. Raises `OSError` only where the file cannot be opened.
    """

    __slots__ = ("_dropped", "_file", "_head", "_length", "_limit", "_path", "_size", "lost")

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._length = 0  # of the line that is not ended yet
        self.lost = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o600)
        self._size = os.fstat(self._file).st_size
        self._head, self._dropped = _head(os.pread(self._file, _HEAD_BYTES, 0))

    def close(self) -> None:
        """`close()` ends the writing; the file stays."""
        os.close(self._file)

    def feed(self, data: bytes) -> None:
        """`feed(data)` appends `data`, without the rest of lines that are too long."""
        kept = self._cut(data)
        try:
            for start in range(0, len(kept), self._limit // 4):
                self._append(kept[start : start + self._limit // 4])
        except OSError:
            self.lost += len(kept)

    def _append(self, data: bytes) -> None:
        if self._size + len(data) > self._limit:
            self._drop()
        written = os.write(self._file, data)
        self._size += written
        self.lost += len(data) - written

    def _drop(self) -> None:
        """Go on in a new file that holds the newer half, from the start of a line on."""
        whole = self._size - self._head
        keep = min(self._limit // 2 - _HEAD_BYTES, whole)
        tail = os.pread(self._file, keep, self._size - keep)
        begin = tail.find(b"\n") + 1
        if begin < len(tail) // 2:
            tail = tail[begin:]
        dropped = self._dropped + whole - len(tail)
        head = b"[fata: the first %d bytes are no longer kept]\n" % dropped
        temporary = self._path.with_name(f".{self._path.name}.new")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(temporary, flags, 0o600)
        try:
            if os.write(file, head + tail) != len(head) + len(tail):
                raise OSError("the disk is full")
            temporary.replace(self._path)
        except OSError:
            os.close(file)
            temporary.unlink(missing_ok=True)
            raise
        os.close(self._file)
        self._file, self._dropped = file, dropped
        self._head, self._size = len(head), len(head) + len(tail)

    def _cut(self, data: bytes) -> bytes:
        first, *rest = data.split(b"\n")
        pieces = [self._piece(first)]
        for line in rest:
            note = self._length - LINE_BYTES
            pieces.append(b"[fata: %d" % note + LEFT_OUT if note > 0 else b"\n")
            self._length = 0
            pieces.append(self._piece(line))
        return b"".join(pieces)

    def _piece(self, part: bytes) -> bytes:
        room = max(0, LINE_BYTES - self._length)
        self._length += len(part)
        return part[:room]


def _head(data: bytes) -> tuple[int, int]:
    """The length of the first line if it is ours, and how many bytes it says are gone."""
    match = _HEAD.match(data)
    return (match.end(), int(match[1])) if match else (0, 0)
