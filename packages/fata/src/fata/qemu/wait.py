"""Waiting for a guest to answer over HTTP, with the time that it took."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

_ABREAST = 4
_ANSWER_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class HttpReply:
    """`HttpReply(status, body, milliseconds)` is an answer and how long it was waited for."""

    status: int
    body: bytes
    milliseconds: float


class _Attempt:
    """One request on its way."""

    __slots__ = ("answer", "connection", "request")

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self.connection = socket.socket()
        self.connection.setblocking(False)
        self.connection.connect_ex((host, port))
        self.request = request
        self.answer = b""

    def advance(self) -> bool:
        """`advance()` tells whether the answer is as complete as it will get."""
        if self.request:
            self.request = self.request[self.connection.send(self.request) :]
            return False
        data = self.connection.recv(65536)
        self.answer += data
        return not data or len(self.answer) > _ANSWER_LIMIT or _complete(self.answer)


def wait_http(
    port: int,
    path: str = "/",
    deadline: float = 30.0,
    host: str = "127.0.0.1",
    alive: Callable[[], bool] = lambda: True,
) -> HttpReply:
    """`wait_http(port, path, deadline)` is the first answer to `GET path`, of any status.

    QEMU accepts connections for a guest that is not up yet and then forgets them, so an attempt
    that stays silent is followed by others before it is given up: at most four run abreast,
    each begun later than the one before by a pause that grows with the time waited. `deadline`
    is in seconds from now; raises `TimeoutError` when it has passed or `alive` is no more.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    began = next_attempt = time.monotonic()
    with _Attempts() as attempts:
        while (now := time.monotonic()) - began < deadline and alive():
            if now >= next_attempt:
                attempts.begin(_Attempt(host, port, request))
                next_attempt = now + 0.03 + (now - began) / 20
            for attempt in attempts.ended(max(0.0, next_attempt - time.monotonic())):
                reply = _reply(attempt.answer, (time.monotonic() - began) * 1000)
                if reply is not None:
                    return reply
                # Refused: somebody is there, only not yet the server. Try again soon.
                next_attempt = min(next_attempt, time.monotonic() + 0.003)
    raise TimeoutError(f"nothing answered at http://{host}:{port}{path} within {deadline:g} s")


class _Attempts:
    """The attempts under way, oldest first."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._attempts: list[_Attempt] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for attempt in tuple(self._attempts):
            self._drop(attempt)
        self._selector.close()

    def begin(self, attempt: _Attempt) -> None:
        if len(self._attempts) == _ABREAST:
            self._drop(self._attempts[0])
        self._attempts.append(attempt)
        self._selector.register(attempt.connection, selectors.EVENT_WRITE, attempt)

    def ended(self, timeout: float) -> Iterator[_Attempt]:
        """`ended(timeout)` are the attempts that came to an end, waiting for the first event."""
        for key, _ in self._selector.select(timeout):
            attempt: _Attempt = key.data
            try:
                done = attempt.advance()
            except OSError:
                done = True
            if done:
                self._drop(attempt)
                yield attempt
            elif not attempt.request:
                self._selector.modify(attempt.connection, selectors.EVENT_READ, attempt)

    def _drop(self, attempt: _Attempt) -> None:
        self._selector.unregister(attempt.connection)
        attempt.connection.close()
        self._attempts.remove(attempt)


def _complete(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value.strip()[:9])
    return False


def _reply(answer: bytes, milliseconds: float) -> HttpReply | None:
    head, end, body = answer.partition(b"\r\n\r\n")
    words = head.split(b"\r\n")[0].split(b" ")
    if not end or len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        return None
    if len(words[1]) != 3 or not words[1].isdigit():
        return None
    return HttpReply(int(words[1]), body, milliseconds)
