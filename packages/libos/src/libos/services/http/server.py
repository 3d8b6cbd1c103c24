"""The server: it listens, keeps count of connections and time, and drains at the end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from libos.services.http.connection import Connection
from libos.services.http.date import DateHeader
from libos.services.http.lifespan import Lifespan

if TYPE_CHECKING:
    from libos.services.http.exchange import Exchange
    from libos.services.http.head import RequestHead
    from libos.signatures.http import Application, Scope
    from libos.signatures.stack import Stack

# Clients repeat themselves: probes, proxies and browsers that poll send the same head again and
# again, and parsing costs more than all else. Few and short ones are kept, so memory stays small.
_KNOWN_HEADS = 32
_KNOWN_HEAD_BYTES = 1024

# An application that swallows its cancellation is left behind after this long.
_CANCEL_SECONDS = 1.0

_ASGI = {"version": "3.0", "spec_version": "2.4"}

_log = logging.getLogger("http")


class HttpServer:
    """An HTTP/1.1 server for one ASGI application (a `libos.signatures.http.Http`).

    Each limit bounds what one peer can cost, and has its answer: `max_connections` 503,
    `max_head_bytes` 431, `max_target_bytes` 414, `head_timeout` (seconds for a whole request
    head) 408. A connection without a request is closed after `keep_alive_timeout` seconds; one
    whose peer sends or reads nothing while the application waits for it is aborted after
    `stall_timeout` seconds. `drain_timeout` seconds are given to requests in progress when the
    server ends, and as many to the application's shutdown. `server_header` is the value of the
    Server header; without one, none is sent. `root_path` is handed to the application.
    """

    def __init__(  # noqa: PLR0913 - a limit each, all with a default and by keyword
        self,
        stack: Stack,
        *,
        port: int = 80,
        root_path: str = "",
        max_connections: int = 512,
        max_head_bytes: int = 16384,
        max_target_bytes: int = 8192,
        head_timeout: float = 10.0,
        keep_alive_timeout: float = 30.0,
        stall_timeout: float = 60.0,
        drain_timeout: float = 10.0,
        server_header: str | None = None,
    ) -> None:
        self._stack = stack
        self._port = port
        self._root_path = root_path
        self._max_connections = max_connections
        self.max_head_bytes = max_head_bytes
        self.max_target_bytes = max_target_bytes
        self.head_timeout = head_timeout
        self.keep_alive_timeout = keep_alive_timeout
        self.stall_timeout = stall_timeout
        self._drain_timeout = drain_timeout
        self.server_line = f"server: {server_header}\r\n".encode("ascii") if server_header else b""
        self.date = DateHeader()
        self.draining = False
        self.known_heads: dict[bytes, RequestHead] = {}
        self._tick_seconds = min(1.0, head_timeout / 4, keep_alive_timeout / 4, stall_timeout / 4)
        self._tick: asyncio.TimerHandle | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._emptied: asyncio.Event | None = None

    async def serve(self, application: Application) -> None:
        """Serve `application` until cancelled, then drain; see `libos.signatures.http.Http`."""
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self._application = application
        self.draining = False
        lifespan = Lifespan(application)
        try:
            await lifespan.startup()
            self._state = lifespan.state
            listener = await self._stack.create_server(lambda: Connection(self), self._port)
            _log.info("listening on port %d", self._port)
            try:
                await self._loop.create_future()  # until cancelled
            finally:
                listener.close()
                await self._drain()
        finally:
            await lifespan.shutdown(self._drain_timeout)

    async def _drain(self) -> None:
        """Let requests in progress finish within the limit, then cut off what is left."""
        self.draining = True
        self._emptied = asyncio.Event()
        for connection in tuple(self._connections):
            connection.drain_for_shutdown()
        try:
            if self._connections or self._tasks:
                await asyncio.wait_for(self._emptied.wait(), self._drain_timeout)
        except TimeoutError:
            pass
        finally:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            for connection in tuple(self._connections):
                connection.abort()
            if self._tick is not None:
                self._tick.cancel()
                self._tick = None
            await asyncio.sleep(0)  # for the transports to report their end
            if tasks:
                await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
            self._tasks.clear()

    # What connections call.

    def admit(self, connection: Connection) -> bool:
        """`admit(connection)` is whether there is room for it; it is counted either way."""
        self._connections.add(connection)
        if self._tick is None:
            self._tick = self._loop.call_later(self._tick_seconds, self._expire)
        if len(self._connections) > 2 * self._max_connections:
            connection.abort()  # not even room to say no
        return len(self._connections) <= self._max_connections

    def connection_ended(self, connection: Connection) -> None:
        """Count the connection out."""
        self._connections.discard(connection)
        self._report_emptied()

    def handle(self, exchange: Exchange, head: RequestHead, connection: Connection) -> None:
        """Start the application on one request."""
        scope: Scope = {
            "type": "http",
            "asgi": _ASGI.copy(),
            "http_version": head.http_version,
            "method": head.method,
            "scheme": connection.scheme,
            "path": head.path,
            "raw_path": head.raw_path,
            "query_string": head.query_string,
            "root_path": self._root_path,
            "headers": list(head.headers),
            "client": connection.client,
            "server": connection.server_address,
            "state": self._state.copy(),
        }
        exchange.task = task = self._loop.create_task(exchange.run(self._application, scope))
        self._tasks.add(task)

    def task_ended(self, task: asyncio.Task[None]) -> None:
        """Let go of the task of a request."""
        self._tasks.discard(task)
        self._report_emptied()

    def remember(self, data: bytes, head: RequestHead) -> None:
        """Keep what `data`, a head without a body, was parsed to."""
        if len(data) <= _KNOWN_HEAD_BYTES:
            if len(self.known_heads) >= _KNOWN_HEADS:
                self.known_heads.clear()
            self.known_heads[data] = head

    def _report_emptied(self) -> None:
        if self._emptied is not None and not self._connections and not self._tasks:
            self._emptied.set()

    def _expire(self) -> None:
        """End what has passed its deadline. One timer serves all; none runs without connections."""
        self._tick = None
        now = self.now()
        for connection in tuple(self._connections):
            if connection.deadline <= now:
                connection.expire()
        if self._connections:
            self._tick = self._loop.call_later(self._tick_seconds, self._expire)
