"""The lifespan protocol, and how the server ends."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from libos.services.http.lifespan import LifespanFailed

from .applications import hello, respond


class Recorder:
    """An application with a lifespan: `events` is what happened, in order."""

    def __init__(self, startup: Any = None, shutdown: Any = None) -> None:
        self.events: list[str] = []
        self.startup = startup or {"type": "lifespan.startup.complete"}
        self.shutdown = shutdown or {"type": "lifespan.shutdown.complete"}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            self.events.append((await receive())["type"])
            scope["state"]["shared"] = [1]
            await send(self.startup)
            self.events.append((await receive())["type"])
            await send(self.shutdown)
            return
        self.events.append(scope["path"])
        scope["state"]["mine"] = scope["path"]
        await respond(send, repr(scope["state"]).encode())


def test_startup_requests_shutdown(serve: Any) -> None:
    application = Recorder()
    with serve(application) as server:
        assert server.get("/a")[1] == b"{'shared': [1], 'mine': '/a'}"
        assert server.get("/b")[1] == b"{'shared': [1], 'mine': '/b'}"
    assert application.events == ["lifespan.startup", "/a", "/b", "lifespan.shutdown"]


def test_a_startup_that_fails_says_why(serve: Any) -> None:
    application = Recorder({"type": "lifespan.startup.failed", "message": "no database"})
    with serve(application) as server:
        assert server.stack.port is None  # it never listened
        server.stop()
        assert isinstance(server.failure, LifespanFailed)
        assert server.failure.message == "no database"
        assert "no database" in str(server.failure)


def test_a_shutdown_that_fails_is_logged(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    with serve(Recorder(None, {"type": "lifespan.shutdown.failed", "message": "disk full"})):
        pass
    assert "disk full" in caplog.text


def test_a_shutdown_that_hangs_is_ended(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await asyncio.Event().wait()

    with serve(application, drain_timeout=0.1):
        pass
    assert "did not shut down within 0.1 s" in caplog.text


@pytest.mark.parametrize("how", ["raises", "returns"])
def test_an_application_without_a_lifespan_is_served(
    serve: Any, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await respond(send, b"ok")
        elif how == "raises":
            raise RuntimeError("only http")

    with serve(application) as server:
        assert server.get("/")[1] == b"ok"
    assert not caplog.records


def test_a_lifespan_that_breaks_later_is_logged(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await respond(send, b"ok")
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        raise LookupError("later")

    with serve(application) as server:
        assert server.get("/")[1] == b"ok"
    assert "LookupError: later" in caplog.text


def test_cancelled_during_startup(serve: Any) -> None:
    ended = threading.Event()
    started = threading.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    from libos.services.http import HttpServer

    from .conftest import LoopbackStack

    async def main() -> None:
        task = asyncio.create_task(HttpServer(LoopbackStack(), port=0).serve(application))
        while not started.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended.is_set()


def test_a_port_that_is_taken_is_an_oserror_and_ends_the_lifespan(serve: Any) -> None:
    from libos.services.http import HttpServer

    from .conftest import LoopbackStack

    application = Recorder()
    with serve(hello) as server, pytest.raises(OSError, match="in use"):
        asyncio.run(HttpServer(LoopbackStack(), port=server.port).serve(application))
    assert application.events == ["lifespan.startup", "lifespan.shutdown"]


def test_a_request_in_progress_is_finished_and_no_other_begun(serve: Any) -> None:
    begun, finish = threading.Event(), threading.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        begun.set()
        while not finish.is_set():
            await asyncio.sleep(0.01)
        await respond(send, b"finished")

    with serve(application) as server:
        idle = server.peer()
        half = server.peer().send(b"GET / HT")
        peer = server.peer().send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        assert begun.wait(5)
        server.cancel()
        assert idle.read_all() == b""
        assert half.read_all() == b""
        with pytest.raises(ConnectionRefusedError):
            server.peer()
        finish.set()
        answer = peer.read_all()
        assert answer.endswith(b"\r\n\r\nfinished")
        assert b"connection: close" in answer
        assert answer.count(b"HTTP/1.1") == 1
        for each in (idle, half, peer):
            each.close()


@pytest.mark.parametrize("swallows", [False, True])
def test_a_request_that_outlasts_the_drain_is_cut_off(serve: Any, swallows: bool) -> None:
    begun = threading.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not swallows:
                raise
        if swallows:
            await asyncio.sleep(60)

    with serve(application, drain_timeout=0.1) as server:
        peer = server.peer().send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert begun.wait(5)
        started = time.monotonic()
        server.cancel()
        peer.read_all()
        assert time.monotonic() - started < 20
        peer.close()
