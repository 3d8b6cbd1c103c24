"""A server in a thread of its own on loopback, so that ordinary blocking clients can talk to it."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from libos.services.http import HttpServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from libos.signatures.http import Application

PATIENCE = 10.0


class LoopbackStack:
    """The kernel's sockets on 127.0.0.1: a `libos.signatures.stack.Stack`."""

    def __init__(self, buffer_bytes: int | None = None) -> None:
        self.port: int | None = None
        self.buffer_bytes = buffer_bytes

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], port: int
    ) -> asyncio.AbstractServer:
        listener = socket.create_server(("127.0.0.1", port))
        if self.buffer_bytes is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.buffer_bytes)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer_bytes)
        server = await asyncio.get_running_loop().create_server(protocol_factory, sock=listener)
        self.port = listener.getsockname()[1]
        return server


class Peer:
    """A TCP connection to the server that reads and writes bytes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def send(self, data: bytes) -> Peer:
        self.socket.sendall(data)
        return self

    def read_until(self, end: bytes) -> bytes:
        """What comes up to and with `end`."""
        data = b""
        while not data.endswith(end):
            chunk = self.socket.recv(1)
            assert chunk, f"closed after {data!r}"
            data += chunk
        return data

    def read_all(self) -> bytes:
        """What comes until the server closes; a reset after some bytes counts as the close."""
        data = b""
        try:
            while chunk := self.socket.recv(65536):
                data += chunk
        except ConnectionResetError:
            pass
        return data

    def close(self) -> None:
        self.socket.close()


class Running:
    """A server that runs in its own thread; `stop` cancels it and waits for the drain."""

    def __init__(self, application: Application, buffer_bytes: int | None, limits: Any) -> None:
        self.stack = LoopbackStack(buffer_bytes)
        self.server = HttpServer(self.stack, port=0, **limits)
        self.loop_errors: list[dict[str, Any]] = []
        self.failure: BaseException | None = None
        self._application = application
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._listening.wait(PATIENCE)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # handed to the test
            self.failure = error
        finally:
            self._listening.set()

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda _, context: self.loop_errors.append(context))
        self.task = asyncio.create_task(self.server.serve(self._application))
        while self.stack.port is None and not self.task.done():
            await asyncio.sleep(0.001)
        self._listening.set()
        await self.task

    @property
    def port(self) -> int:
        assert self.stack.port is not None, self.failure
        return self.stack.port

    def peer(self) -> Peer:
        return Peer(self.port)

    def ask(self, data: bytes) -> bytes:
        """What the server answers to `data` until it closes."""
        peer = self.peer()
        try:
            return peer.send(data).read_all()
        finally:
            peer.close()

    def client(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def get(
        self, path: str, method: str = "GET", body: Any = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The response to one request on a connection of its own, and its body."""
        client = self.client()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        client.request(method, path, body, names)
        response = client.getresponse()
        data = response.read()
        client.close()
        return response, data

    def cancel(self) -> None:
        self.loop.call_soon_threadsafe(self.task.cancel)

    def stop(self) -> None:
        if self._thread.is_alive():
            self.cancel()
        self._thread.join(PATIENCE + 5)
        assert not self._thread.is_alive(), "the server does not stop"
        assert not self.loop_errors
        assert not self.server._connections
        assert not self.server._tasks


@pytest.fixture
def serve() -> Any:
    """`serve(application, **limits)` is a context in which the server runs."""

    @contextmanager
    def context(
        application: Application, buffer_bytes: int | None = None, **limits: Any
    ) -> Iterator[Running]:
        running = Running(application, buffer_bytes, limits)
        try:
            yield running
        finally:
            running.stop()

    return context
