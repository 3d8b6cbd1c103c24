"""One request and its response: the `receive` and `send` that an ASGI application is given."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from libos.services.http.response import BODILESS, CHUNKED, LENGTH, ResponseHead, plain_response

if TYPE_CHECKING:
    from libos.services.http.connection import Connection
    from libos.services.http.head import RequestHead
    from libos.signatures.http import Application, Message, Scope

# Above this many unread bytes of a body the connection is not read any further.
BODY_HIGH_WATER = 65536

# What is shorter is copied behind the head, to leave in one system call and one segment.
_JOINED = 16384

_UNSTARTED, _STARTED, _STREAMING, _COMPLETE = range(4)

_log = logging.getLogger("http")
_access = logging.getLogger("http.access")


class Exchange:
    """One request being answered on a connection, from its head to the end of its response.

    The connection feeds it the body (`feed`, `end_body`) and says when the peer is gone
    (`hang_up`, `lose`); it writes the response and tells the connection when that is complete.
    """

    __slots__ = (
        "_arrival",
        "_body",
        "_body_ended",
        "_body_taken",
        "_connection",
        "_disconnected",
        "_head",
        "_lost",
        "_phase",
        "_response",
        "continue_wanted",
        "task",
    )

    def __init__(self, connection: Connection, head: RequestHead) -> None:
        self._connection = connection
        self._head = head
        self._body = bytearray()
        self._body_ended = not head.has_body
        self._body_taken = False
        self._arrival: asyncio.Event | None = None
        self._disconnected = False
        self._lost = False
        self._phase = _UNSTARTED
        self._response: ResponseHead | None = None
        self.continue_wanted = head.expects_continue
        self.task: asyncio.Task[None] | None = None

    # What the connection reports.

    def feed(self, data: bytes | bytearray) -> bool:
        """`feed(data)` adds to the body; it is false when no more should be read for now."""
        if self._phase == _COMPLETE:
            return True
        self.continue_wanted = False
        self._body += data
        self._wake()
        return len(self._body) < BODY_HIGH_WATER

    def end_body(self) -> None:
        """The body is complete."""
        self._body_ended = True
        self._wake()

    def hang_up(self) -> None:
        """The peer sends no more; it may still read."""
        self._disconnected = True
        self._wake()

    def lose(self) -> None:
        """The connection is gone: nothing can be sent any more."""
        self._lost = True
        self.hang_up()

    @property
    def started(self) -> bool:
        """Whether bytes of the response may have left."""
        return self._phase >= _STREAMING

    def _wake(self) -> None:
        if self._arrival is not None:
            self._arrival.set()

    # What the application calls.

    async def run(self, application: Application, scope: Scope) -> None:
        """Run the application for this request and see to it that an answer is given."""
        try:
            await application(scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._give_up()
            raise
        except Exception as error:
            gone = self._lost or self._connection.closing
            if gone and isinstance(error, OSError):
                _log.debug("%s %s: the client has gone", self._head.method, self._head.path)
            else:
                _log.exception("%s %s: the application raised", self._head.method, self._head.path)
            self._give_up()
        else:
            if self._phase != _COMPLETE and not self._disconnected:
                _log.error(
                    "%s %s: the application returned without %s response",
                    self._head.method,
                    self._head.path,
                    "a complete" if self.started else "a",
                )
            self._give_up()
        finally:
            if self.task is not None:
                self._connection.server.task_ended(self.task)
                self.task = None

    def _give_up(self) -> None:
        """Answer 500 if nothing was sent yet, abort the connection if something was."""
        if self._phase == _COMPLETE or self._lost:
            return
        if self.started:
            self._phase = _COMPLETE
            self._connection.abort()
        else:
            date = self._connection.server.date()
            block = plain_response(500, date, head_only=self._head.method == "HEAD")
            self._connection.write(block)
            self._finish(500, keep_alive=False)

    async def receive(self) -> Message:
        """The ASGI `receive`: the body as it comes, then `http.disconnect`."""
        while not (self._body or (self._body_ended and not self._body_taken)):
            if self._disconnected or self._phase == _COMPLETE:
                return {"type": "http.disconnect"}
            if self.continue_wanted and not self.started:
                self.continue_wanted = False
                self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await self._wait_for_peer()
        if self._phase == _COMPLETE:
            return {"type": "http.disconnect"}
        data = bytes(self._body)
        self._body.clear()
        self._body_taken = self._body_ended
        self._connection.resume_body()
        return {"type": "http.request", "body": data, "more_body": not self._body_ended}

    async def _wait_for_peer(self) -> None:
        if self._arrival is None:
            self._arrival = asyncio.Event()
        self._arrival.clear()
        if self._body_ended:  # waits for the disconnect, which may rightly never come
            await self._arrival.wait()
            return
        self._connection.expect_progress(self, True)
        try:
            await self._arrival.wait()
        finally:
            self._connection.expect_progress(self, False)

    async def send(self, message: Message) -> None:
        """The ASGI `send`. It waits while the peer reads slower than the application writes.

        `ConnectionResetError` (an `OSError`) is raised when the connection is gone, and
        `RuntimeError` or `ValueError` for messages that make no valid response.
        """
        kind = message["type"]
        # A transport that failed says so to the protocol only in a later turn of the loop, which
        # an application that sends without a pause would never let come.
        if self._lost or self._connection.closing:
            raise ConnectionResetError("the client has closed the connection")
        if kind == "http.response.body":
            self._send_body(message.get("body", b""), message.get("more_body", False))
            if self._connection.write_paused is not None:
                await self._connection.drain(self)
        elif kind == "http.response.start":
            if self._phase != _UNSTARTED:
                raise RuntimeError("http.response.start was sent twice")
            server = self._connection.server
            self._response = ResponseHead(
                message["status"],
                message.get("headers", ()),
                date=server.date(),
                server=server.server_line,
            )
            self._phase = _STARTED
        else:
            raise RuntimeError(f"{kind} is not a message that answers an HTTP request")

    def _send_body(self, data: bytes, more: bool) -> None:
        response = self._response
        if response is None or self._phase == _COMPLETE:
            when = "before http.response.start" if response is None else "after the last one"
            raise RuntimeError(f"http.response.body was sent {when}")
        block = b""
        if self._phase == _STARTED:
            block = response.framed(
                self._head.method,
                self._head.http_version,
                None if more else len(data),
                self._connection.may_keep_alive(self._head),
            )
        framing = response.framing
        if framing == CHUNKED:
            if data:
                block = b"%b%x\r\n%b\r\n" % (block, len(data), data)
            data = b"" if more else b"0\r\n\r\n"
        elif framing == BODILESS:
            data = b""
        elif framing == LENGTH:
            self._count(response, len(data), more)
        self._phase = _STREAMING
        if data and len(data) < _JOINED:
            self._connection.write(block + data)
        else:
            if block:
                self._connection.write(block)
            if data:
                self._connection.write(data)
        if not more:
            self._finish(response.status, response.keep_alive)

    def _count(self, response: ResponseHead, sent: int, more: bool) -> None:
        """Hold the body to its Content-Length; to break it is to corrupt the next response."""
        left = (response.length or 0) - sent
        if left < 0:
            raise RuntimeError(f"the response body is {-left} bytes longer than its Content-Length")
        if left and not more:
            raise RuntimeError(f"the response body is {left} bytes shorter than its Content-Length")
        response.length = left

    def _finish(self, status: int, keep_alive: bool) -> None:
        self._phase = _COMPLETE
        self._wake()
        if _access.isEnabledFor(logging.DEBUG):
            client = self._connection.client
            _access.debug(
                "%s %s %s %d",
                client[0] if client else "-",
                self._head.method,
                self._head.raw_path.decode("ascii"),
                status,
            )
        self._connection.response_complete(keep_alive)
