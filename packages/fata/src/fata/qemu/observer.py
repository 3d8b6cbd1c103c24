"""What a run tells while it goes on, with the time of each event."""

from __future__ import annotations

from fata.qemu.machine import Guest

_LINES_KEPT = 10_000


class Observer:
    """An observer of one run that ignores everything; override what is of interest.

    `at` is in seconds of `time.monotonic`. The calls come from the thread that waits for the
    guest, which stands still meanwhile: be quick. An exception ends the guest and is passed on.
    """

    def starting(self, guest: Guest) -> None:
        """`starting(guest)` is called before QEMU starts; the ports in `guest` are chosen."""

    def started(self, pid: int, at: float) -> None:
        """`started(pid, at)` is called once QEMU runs, with the time just before its start."""

    def output(self, data: bytes, at: float) -> None:
        """`output(data, at)` is called with bytes of the console as they come, unfiltered."""

    def line(self, text: str, at: float) -> None:
        """`line(text, at)` is called with each line, free of escapes, when it is complete."""


class Stopwatch(Observer):
    """An observer that keeps the times of a start, for measuring.

    `lines` holds the first ten thousand lines with their times in milliseconds since QEMU's
    start.
    """

    def __init__(self) -> None:
        self.began: float | None = None
        self.first_byte: float | None = None
        self.lines: list[tuple[float, str]] = []

    def started(self, pid: int, at: float) -> None:
        """The start from which all else is counted."""
        self.began = at

    def output(self, data: bytes, at: float) -> None:
        """The first byte, if this is it."""
        if self.first_byte is None:
            self.first_byte = self.since(at)

    def line(self, text: str, at: float) -> None:
        """One more line."""
        if len(self.lines) < _LINES_KEPT:
            self.lines.append((self.since(at), text))

    def since(self, at: float) -> float:
        """`since(at)` is the time from QEMU's start to `at`, in milliseconds."""
        return (at - (at if self.began is None else self.began)) * 1000
