"""A connection to a guest which ends in time, whatever the guest does."""

from __future__ import annotations

import contextlib
import errno
import io
import socket
import time
from collections.abc import Iterator

from fata.deploy.traffic.route import Endpoint


class Wire(io.RawIOBase):
    """`Wire(target, seconds, limit)` is what a guest sends, which can be read until then.

    All that is done with it, together, takes no more than `seconds`: afterwards it raises
    `TimeoutError`. After `limit` bytes it is at its end. Raises `OSError`.
    """

    def __init__(self, target: Endpoint, seconds: float, limit: int = 1 << 18) -> None:
        self._end = time.monotonic() + seconds
        self._left = limit
        self._socket = socket.create_connection((target.address, target.port), seconds)

    def remaining(self) -> float:
        """The seconds that are left. Raises `TimeoutError` where none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, "timed out")
        return left

    def read_within(self, seconds: float) -> bytes:
        """A byte, or none at the end, within that time. Raises `TimeoutError` otherwise."""
        self._socket.settimeout(min(seconds, self.remaining()))
        return self._socket.recv(1)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.settimeout(self.remaining())
        self._socket.sendall(data)

    def half_close(self) -> None:
        """Say that nothing more is sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """See `io.RawIOBase.readinto`."""
        view = memoryview(buffer)[: self._left]  # type: ignore[arg-type]
        if not view:
            return 0
        self._socket.settimeout(self.remaining())
        count = self._socket.recv_into(view)
        self._left -= count
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """What `http.client.HTTPResponse` reads from; `mode` is for reading."""
        return io.BufferedReader(self)

    def close(self) -> None:
        """End the connection."""
        if not self.closed:
            self._socket.close()
        super().close()


@contextlib.contextmanager
def wire(target: Endpoint, seconds: float) -> Iterator[Wire]:
    """Within this context there is a connection to the target. Raises `OSError`."""
    made = Wire(target, seconds)
    try:
        yield made
    finally:
        made.close()


def trouble(error: OSError, seconds: float) -> str:
    """`trouble(error, seconds)` is what a guest did instead of answering, as `Probe.said`."""
    if isinstance(error, TimeoutError):
        return f"did not answer within {seconds:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "reset the connection"
    return f"cannot be reached: {(error.strerror or str(error)).lower()}"
