"""WSGI applications (PEP 3333) on an ASGI server: each request runs in a thread of a few."""

from __future__ import annotations

import asyncio
import io
import logging
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, TypeAlias

from libos.services.http.environ import environ_of
from libos.services.http.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from concurrent.futures import Future
    from types import TracebackType

    from libos.signatures.http import Receive, Scope, Send

    ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]
    Write: TypeAlias = Callable[[bytes], None]
    WsgiApplication: TypeAlias = Callable[[dict[str, Any], Callable[..., Write]], Iterable[bytes]]

THREADS = 8

# What belongs to the connection is the server's affair (PEP 3333, "Other HTTP Features").
_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip

_log = logging.getLogger("http.wsgi")


class Wsgi:
    """`Wsgi(application, threads)` is the ASGI application that answers as `application` does.

    At most `threads` requests run at once; others wait. Bodies stream both ways: reading from
    `wsgi.input` waits for the client, and so does sending more than it reads.
    """

    def __init__(self, application: WsgiApplication, threads: int = THREADS) -> None:
        self._application = application
        self._workers = Workers(threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or see the server's life through."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            request = _Request(self._application, scope, receive, send)
            try:
                await self._workers.run(request.answer)
            finally:
                request.abandon()
        else:
            raise RuntimeError(f"WSGI is spoken over http, not {scope['type']}")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._workers.stop()
        await send({"type": "lifespan.shutdown.complete"})


class _Request:
    """One request in a thread; what it wants of the event loop it asks for and waits."""

    def __init__(
        self, application: WsgiApplication, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._application = application
        self._scope = scope
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._asked: Future[Any] | None = None
        self._abandoned = False
        self._head: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._head_sent = False

    # In the event loop's thread.

    def abandon(self) -> None:
        """The server has no more use for the answer: release the thread if it waits for us."""
        self._abandoned = True
        if self._asked is not None:
            self._asked.cancel()

    # In the thread of the request.

    def _ask(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine in the event loop. Raises `OSError` if the client has gone."""
        try:
            self._asked = asked = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:  # the loop is closed
            coroutine.close()
            raise ConnectionAbortedError("the server has ended") from None
        if self._abandoned:
            asked.cancel()
        try:
            return asked.result()
        except CancelledError:
            raise ConnectionAbortedError("the request was abandoned") from None

    def answer(self) -> None:
        """Call the application, and send what it gives, piece by piece."""
        environ = environ_of(self._scope)
        environ["wsgi.input"] = io.BufferedReader(_Input(self._next_message), 65536)
        environ["wsgi.input_terminated"] = True
        environ["wsgi.errors"] = errors = _Errors()
        try:
            blocks = self._application(environ, self._start_response)
            try:
                self._send_all(blocks)
            finally:
                close = getattr(blocks, "close", None)
                if close is not None:
                    close()
        finally:
            errors.flush()

    def _next_message(self) -> Any:
        return self._ask(self._receive())  # type: ignore[arg-type] # ours is a coroutine

    def _send_all(self, blocks: Iterable[bytes]) -> None:
        if isinstance(blocks, list | tuple) and len(blocks) == 1 and not self._head_sent:
            self._transmit(blocks[0], more=False)  # its length is known: no chunks
            return
        for block in blocks:
            if block:
                self._transmit(block, more=True)
        self._transmit(b"", more=False)

    def _transmit(self, block: object, *, more: bool) -> None:
        if not isinstance(block, bytes):
            raise TypeError(f"the application gave {type(block).__name__} where bytes are due")
        self._ask(self._pass_on(block, more))

    async def _pass_on(self, block: bytes, more: bool) -> None:
        if not self._head_sent:
            if self._head is None:
                raise RuntimeError("the application has not called start_response")
            status, headers = self._head
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
            self._head_sent = True
        await self._send({"type": "http.response.body", "body": block, "more_body": more})

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Write:
        """PEP 3333, "The start_response() Callable"."""
        if exc_info is None and self._head is not None:
            raise RuntimeError("the application called start_response twice")
        if exc_info is not None and self._head_sent:
            raise exc_info[1].with_traceback(exc_info[2])
        self._head = _status_code(status), [_header(name, value) for name, value in headers]
        return lambda data: self._transmit(data, more=True)


def _status_code(status: str) -> int:
    code, space, _ = status.partition(" ")
    if len(code) != 3 or not code.isdecimal() or not space:
        raise ValueError(f"{status!r} is not a status, such as `200 OK`")
    return int(code)


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    if name.lower() in _HOP_BY_HOP:
        raise ValueError(f"`{name}` is about the connection, and the server's own")
    return name.encode("latin-1"), value.encode("latin-1")


class _Input(io.RawIOBase):
    """`_Input(next_message)` is the body of a request, read as it comes."""

    def __init__(self, next_message: Callable[[], Any]) -> None:
        self._next_message = next_message
        self._data = memoryview(b"")
        self._more = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._more and not self._data:
            message = self._next_message()
            if message["type"] != "http.request":
                raise ConnectionResetError("the client has gone before the end of its request")
            self._data = memoryview(message.get("body", b""))
            self._more = message.get("more_body", False)
        count = min(len(buffer), len(self._data))
        buffer[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


class _Errors:
    """What an application writes to `wsgi.errors`, in the log, a record for each line."""

    def __init__(self) -> None:
        self._line = ""

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            _log.error("%s", line)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        line, self._line = self._line, ""
        if line:
            _log.error("%s", line)
