"""A client of QMP, the JSON protocol by which QEMU is asked and told things.

Source: "QEMU Machine Protocol Specification" in QEMU's documentation. One line is one message;
what comes from the socket is bounded in size and time and may be anything.
"""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Self

MESSAGE_LIMIT = 1 << 20
EVENT_LIMIT = 256


class QmpError(Exception):
    """`QmpError(text)` is an error that QEMU answered, or an answer that is none."""


class Qmp:
    """A QMP session over a connected socket, which it owns.

    `timeout`, in seconds, bounds every exchange. Raises `QmpError`, here and in every method, if
    QEMU refuses, closes, stays silent or sends what is not QMP.
    """

    __slots__ = ("_buffer", "_events", "_next", "_socket", "_timeout")

    def __init__(self, connection: socket.socket, timeout: float = 5.0) -> None:
        self._socket = connection
        self._timeout = timeout
        self._buffer = b""
        self._events: deque[dict[str, object]] = deque(maxlen=EVENT_LIMIT)
        self._next = 0
        try:
            if "QMP" not in self._receive(time.monotonic() + timeout):
                raise QmpError("the socket does not greet as QMP")
            self.execute("qmp_capabilities")
        except BaseException:
            connection.close()
            raise

    @classmethod
    def connect(cls, path: Path, timeout: float = 5.0) -> Qmp:
        """`Qmp.connect(path)` is a session over the Unix socket at `path`, once it exists."""
        deadline = time.monotonic() + timeout
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                # A QEMU that hangs accepts nothing: the queue fills, and connecting waits for ever.
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                connection.connect(str(path))
            except OSError as error:
                connection.close()
                if time.monotonic() > deadline:
                    reason = error.strerror or str(error)
                    raise QmpError(f"no QMP socket at {path}: {reason}") from error
                time.sleep(0.01)
            else:
                return cls(connection, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """`close()` ends the session; the guest runs on."""
        self._socket.close()

    def execute(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> object:
        """`execute(command, arguments)` is what QEMU returns; events meanwhile are kept."""
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        self._next += 1
        request: dict[str, object] = {"execute": command, "id": self._next}
        if arguments:
            request["arguments"] = dict(arguments)
        self._send(json.dumps(request).encode() + b"\n", deadline)
        while True:
            message = self._receive(deadline)
            if "event" in message:
                self._events.append(message)
            elif message.get("id") == self._next:
                if "return" in message:
                    return message["return"]
                raise QmpError(f"`{command}`: {_description(message)}")
            elif "error" in message and "id" not in message:
                raise QmpError(f"`{command}`: {_description(message)}")

    def events(self) -> list[dict[str, object]]:
        """`events()` are the events that came since the last call, at most the newest 256."""
        found = list(self._events)
        self._events.clear()
        return found

    def wait_event(self, *names: str, timeout: float | None = None) -> dict[str, object]:
        """`wait_event(name, ...)` is the next event of one of these names; others are dropped."""
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        while True:
            while self._events:
                event = self._events.popleft()
                if event.get("event") in names:
                    return event
            message = self._receive(deadline)
            if "event" in message:
                self._events.append(message)

    def status(self) -> str:
        """`status()` is QEMU's run state, such as `running` or `paused`."""
        answer = self.execute("query-status")
        if isinstance(answer, dict) and isinstance(answer.get("status"), str):
            return str(answer["status"])
        raise QmpError("`query-status` gave no status")

    def stop(self) -> None:
        """`stop()` pauses the guest."""
        self.execute("stop")

    def resume(self) -> None:
        """`resume()` lets a paused guest run."""
        self.execute("cont")

    def powerdown(self) -> None:
        """`powerdown()` presses the guest's power button; `microvm` without ACPI has none."""
        self.execute("system_powerdown")

    def quit(self) -> None:
        """`quit()` ends QEMU and with it the guest."""
        self.execute("quit")

    def _send(self, data: bytes, deadline: float) -> None:
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            self._socket.sendall(data)
        except OSError as error:
            raise QmpError(f"QEMU does not take requests: {error}") from error

    def _receive(self, deadline: float) -> dict[str, object]:
        while b"\n" not in self._buffer:
            if len(self._buffer) > MESSAGE_LIMIT:
                raise QmpError("QEMU sent a message that is too long")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise QmpError("QEMU does not answer")
            try:
                self._socket.settimeout(remaining)
                data = self._socket.recv(65536)
            except TimeoutError as error:
                raise QmpError("QEMU does not answer") from error
            except OSError as error:
                raise QmpError(f"QEMU does not answer: {error}") from error
            if not data:
                raise QmpError("QEMU has ended")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise QmpError("QEMU sent something that is not JSON") from error
        if not isinstance(message, dict):
            raise QmpError("QEMU sent something that is not a QMP message")
        return message


def _description(message: Mapping[str, object]) -> str:
    error = message.get("error")
    text = error.get("desc") if isinstance(error, dict) else None
    return text[:400] if isinstance(text, str) else "refused without a reason"
