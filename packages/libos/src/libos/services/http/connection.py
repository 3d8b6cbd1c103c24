"""One connection: bytes in, exchanges one after the other, limits on what a peer may do."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, cast

import h11

from libos.services.http.exchange import Exchange
from libos.services.http.head import Refused, RequestHead
from libos.services.http.response import plain_response

if TYPE_CHECKING:
    from libos.services.http.server import HttpServer

# What a connection is doing. IDLE: no byte of a request yet. HEAD: some of its head. BUSY: the
# application answers. DISCARD: the answer is out and the rest of the body is read and dropped.
# REFUSED: one connection too many, told so when it asks. LINGER: all is said, what still comes
# is dropped, so that the kernel does not reset the connection under the answer (RFC 9112
# section 9.6). CLOSED: closed here, perhaps not yet flushed.
IDLE, HEAD, BUSY, DISCARD, REFUSED, LINGER, CLOSED = range(7)

# More of a body that nobody reads is not worth a connection that stays open.
_DISCARD_LIMIT = 262144

_LINGER_SECONDS = 2.0


class Connection(asyncio.Protocol):
    """The server's end of one connection; `deadline` is when, on the loop's clock, it expires."""

    __slots__ = (
        "_discarded",
        "_exchange",
        "_fed",
        "_half_closed",
        "_parser",
        "_pending",
        "_read_paused",
        "_state",
        "_transport",
        "client",
        "deadline",
        "scheme",
        "server",
        "server_address",
        "write_paused",
    )

    _transport: asyncio.Transport

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.client: tuple[str, int] | None = None
        self.server_address: tuple[str, int] | None = None
        self.scheme = "http"
        self.deadline = inf
        self.write_paused: asyncio.Event | None = None
        self._state = IDLE
        self._parser: h11.Connection | None = None
        self._exchange: Exchange | None = None
        self._pending = b""
        self._fed = 0
        self._discarded = 0
        self._read_paused = False
        self._half_closed = False

    # What the transport reports.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self.client = _address(transport, "peername")
        self.server_address = _address(transport, "sockname")
        if transport.get_extra_info("ssl_object") is not None:
            self.scheme = "https"
        self.deadline = self.server.now() + self.server.head_timeout
        if not self.server.admit(self):
            self._state = REFUSED

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection and wake whoever waits for it."""
        self._state = CLOSED
        self._parser = None
        self._pending = b""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.lose()
        self.resume_writing()
        self.server.connection_ended(self)

    def eof_received(self) -> bool:
        """Tell the application; keep the connection if there is an answer to finish."""
        self._half_closed = True
        if self._state == BUSY and self._exchange is not None:
            self._exchange.hang_up()
            return True
        self._state = CLOSED
        return False

    def pause_writing(self) -> None:
        """Make `send` wait."""
        self.write_paused = asyncio.Event()

    def resume_writing(self) -> None:
        """Let `send` go on."""
        if self.write_paused is not None:
            self.write_paused.set()
            self.write_paused = None

    def data_received(self, data: bytes) -> None:
        """Take in what came, according to what the connection is doing."""
        state = self._state
        if state in {IDLE, HEAD}:
            self._receive_head(data)
        elif self._parser is not None and state in {BUSY, DISCARD}:
            self._receive_body(data)
        elif state == BUSY:  # the next request, early: it has to wait
            self._pending += data
            self._pause_reading()
        elif state == REFUSED:
            self._refuse(503)

    # Heads.

    def _receive_head(self, data: bytes) -> None:
        server = self.server
        if self._parser is None:
            known = server.known_heads.get(data)
            if known is not None:
                self._begin(known)
                return
            if data[0] <= 0x0D:  # RFC 9112 section 2.2: empty lines before a request are ignored
                data = data.lstrip(b"\r\n")
                if not data:
                    return
            self._parser = h11.Connection(h11.SERVER, server.max_head_bytes)
            self._fed = 0
            self._state = HEAD
            self.deadline = server.now() + server.head_timeout
        self._fed += len(data)
        self._parser.receive_data(data)
        try:
            event = self._parser.next_event()
            if isinstance(event, h11.Request):
                self._accept_head(self._parser, event, data)
        except Refused as refusal:
            self._refuse(refusal.status)
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint
            if status == 431 and b"\n" not in self._parser.trailing_data[0]:
                status = 414
            self._refuse(status)

    def _accept_head(self, parser: h11.Connection, event: h11.Request, data: bytes) -> None:
        server = self.server
        head = RequestHead(event, server.max_target_bytes)
        rest = b"" if head.has_body else parser.trailing_data[0]
        if self._fed > server.max_head_bytes:
            rest = parser.trailing_data[0]
            if self._fed - len(rest) > server.max_head_bytes:
                raise Refused(431, f"the head is longer than {server.max_head_bytes} bytes")
        if head.has_body:
            self._begin(head)
            self._read_body()
            return
        self._parser = None  # h11 has done its part: nothing is framed after this head
        if rest:
            self._pending = rest
            self._pause_reading()
        elif self._fed == len(data):
            server.remember(data, head)
        self._begin(head)

    def _begin(self, head: RequestHead) -> None:
        self._state = BUSY
        self.deadline = inf
        self._exchange = exchange = Exchange(self, head)
        self.server.handle(exchange, head, self)

    # Bodies.

    def _receive_body(self, data: bytes) -> None:
        if self._parser is not None:
            self._parser.receive_data(data)
            self._read_body()

    def _read_body(self) -> None:
        """Hand on what h11 can make of the body so far."""
        parser = self._parser
        wanted = True
        try:
            while parser is not None:
                event = parser.next_event()
                if isinstance(event, h11.Data):
                    wanted = self._take_body(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self._end_body(parser.trailing_data[0])
                    return
                else:
                    break
        except h11.RemoteProtocolError as error:
            self._break_off(error.error_status_hint)
            return
        if self._state == DISCARD and self._discarded > _DISCARD_LIMIT:
            self._linger()
        elif not wanted:
            self._pause_reading()
        elif self.deadline != inf:
            self.deadline = self.server.now() + self.server.stall_timeout

    def _take_body(self, data: bytes) -> bool:
        """Give `data` to the exchange, or count it where the answer is out already."""
        if self._exchange is not None:
            return self._exchange.feed(data)
        self._discarded += len(data)
        return True

    def _end_body(self, rest: bytes) -> None:
        """The body is complete, and `rest` has come after it."""
        self._parser = None
        self._pending = rest
        if rest:
            self._pause_reading()
        if self._exchange is not None:
            self._exchange.end_body()
        else:
            self._next()

    def _break_off(self, status: int) -> None:
        """The body is malformed: say so if that is still possible, and tell the application."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.lose()
        if exchange is not None and exchange.started:
            self.abort()
        else:
            self._refuse(status)

    def resume_body(self) -> None:
        """Go on reading the body, of which the application has taken all there was."""
        if self._parser is not None:
            self._resume_reading()

    def expect_progress(self, exchange: Exchange, expected: bool) -> None:
        """The application waits for the peer now, or does so no longer: limit its patience."""
        if self._exchange is exchange:
            self.deadline = self.server.now() + self.server.stall_timeout if expected else inf

    # Responses.

    @property
    def closing(self) -> bool:
        """Whether nothing more can be written, by our doing or the peer's."""
        return self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Write bytes of the response, or nothing if the connection is closing already."""
        if not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self, exchange: Exchange) -> None:
        """Wait until the peer has read enough; a peer that reads nothing is cut off in the end."""
        paused = self.write_paused
        if paused is not None:
            self.expect_progress(exchange, True)
            try:
                await paused.wait()
            finally:
                self.expect_progress(exchange, False)

    def may_keep_alive(self, head: RequestHead) -> bool:
        """Whether another request may follow the one with this head."""
        if not head.keep_alive or self._half_closed or self.server.draining:
            return False
        # A peer that still waits for `100 Continue` may send the body or not: nobody can tell.
        return self._exchange is None or not self._exchange.continue_wanted

    def response_complete(self, keep_alive: bool) -> None:
        """Go on with the next request, or close."""
        if self._state != BUSY:
            return
        if not keep_alive or self._half_closed:
            self._exchange = None
            if self._parser is not None or self._pending:
                self._linger()
            else:
                self.close()
        elif self._parser is not None:
            self._state = DISCARD
            self._exchange = None
            self._discarded = 0
            self.deadline = self.server.now() + self.server.stall_timeout
            self._resume_reading()
        else:
            self._next()

    def _next(self) -> None:
        self._state = IDLE
        self._exchange = None
        self.deadline = self.server.now() + self.server.keep_alive_timeout
        if self.server.draining:
            self.close()
            return
        if self._pending:
            pending, self._pending = self._pending, b""
            self._receive_head(pending)
        if not self._pending:
            self._resume_reading()

    def _refuse(self, status: int) -> None:
        self.write(plain_response(status, self.server.date()))
        self._linger()

    # Endings.

    def _linger(self) -> None:
        self._parser = None
        self._pending = b""
        self._state = LINGER
        if self._half_closed or not self._transport.can_write_eof():
            self.close()
            return
        self.deadline = self.server.now() + _LINGER_SECONDS
        if not self._transport.is_closing():
            self._transport.write_eof()
            self._resume_reading()

    def close(self) -> None:
        """Close once what was written has left; the stall limit holds for that too."""
        self._state = CLOSED
        self.deadline = self.server.now() + self.server.stall_timeout
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what was not yet sent is lost, so the peer sees a broken response."""
        self._state = CLOSED
        self._transport.abort()

    def drain_for_shutdown(self) -> None:
        """Close if no request is in progress; one that is gets its answer first."""
        if self._state == DISCARD:
            self._linger()
        elif self._state in {IDLE, HEAD, REFUSED}:
            self.close()

    def expire(self) -> None:
        """The deadline has passed: end what took too long."""
        self.deadline = inf
        if self._state == HEAD:
            self._refuse(408)
        elif self._state == IDLE:
            self.close()
        else:
            self.abort()

    def _pause_reading(self) -> None:
        if not self._read_paused:
            self._read_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._read_paused:
            self._read_paused = False
            self._transport.resume_reading()


def _address(transport: asyncio.BaseTransport, name: str) -> tuple[str, int] | None:
    """`_address(transport, name)` is the address and port that the transport knows under `name`."""
    address = transport.get_extra_info(name)
    return (address[0], address[1]) if isinstance(address, tuple) else None
