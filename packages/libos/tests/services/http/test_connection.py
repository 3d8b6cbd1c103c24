"""Connections: how long they last, what ends them, and what a peer may do to them."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from typing import Any

import pytest

from .applications import echo, hello, respond

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_requests_follow_each_other_on_one_connection(serve: Any) -> None:
    with serve(hello) as server:
        client = server.client()
        for number in range(5):
            client.request("GET", f"/{number}")
            assert client.getresponse().read() == b"/%d" % number
        client.close()


def test_pipelined_requests_are_answered_in_order(serve: Any) -> None:
    async def slower_first(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await asyncio.sleep(0.02 if scope["path"] == "/0" else 0)
        await respond(send, scope["path"].encode(), headers=[(b"date", b"")])

    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(50))
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with serve(slower_first) as server:
        answers = server.ask(requests + last).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [answer.rpartition(b"\r\n\r\n")[2] for answer in answers] == [
        *(b"/%d" % n for n in range(50)),
        b"/last",
    ]


def test_pipelined_bodies_stay_apart(serve: Any) -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab%d"
    chunked = (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab%d\r\n0\r\n\r\n"
    )
    stream = b"".join((post if n % 2 else chunked) % n for n in range(8))
    with serve(echo) as server:
        for cut in (1, 7, len(stream)):
            peer = server.peer()
            for start in range(0, len(stream), cut):
                peer.send(stream[start : start + cut])
            for n in range(8):
                peer.read_until(b"\r\n\r\nab%d" % n)
            peer.close()


def test_a_body_that_nobody_reads_is_skipped(serve: Any) -> None:
    post = b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
    with serve(hello) as server:
        peer = server.peer().send(post)
        peer.read_until(b"/post")
        peer.send(b"12345" + GET)
        peer.read_until(b"\r\n\r\n/")
        peer.close()
        # Unless it is long: then the connection is not worth it.
        peer = server.peer().send(post.replace(b"5", b"9999999"))
        peer.read_until(b"/post")
        peer.send(b"x" * 300_000)
        assert peer.read_all() == b""
        peer.close()


@pytest.mark.parametrize(
    ("request_bytes", "persists"),
    [
        (GET, True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", True),
    ],
)
def test_who_keeps_the_connection(serve: Any, request_bytes: bytes, persists: bool) -> None:
    with serve(hello) as server:
        peer = server.peer().send(request_bytes)
        head = peer.read_until(b"\r\n\r\n/")
        assert (b"connection: close" in head) is not persists
        if persists:
            peer.send(request_bytes).read_until(b"\r\n\r\n/")
        else:
            assert peer.read_all() == b""
        peer.close()


def test_empty_lines_before_a_request_are_ignored(serve: Any) -> None:
    with serve(hello) as server:
        peer = server.peer().send(b"\r\n").send(b"\r\n" + GET)
        peer.read_until(b"\r\n\r\n/")
        peer.send(b"\r\n" + GET).read_until(b"\r\n\r\n/")
        peer.close()


def test_a_peer_that_only_stops_sending_still_gets_its_answer(serve: Any) -> None:
    messages = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        messages.append((await receive())["type"])
        messages.append((await receive())["type"])
        await respond(send, b"late")

    with serve(application) as server:
        peer = server.peer().send(GET)
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.read_all().endswith(b"\r\n\r\nlate")
        peer.close()
    assert messages == ["http.request", "http.disconnect"]


def reset(peer: Any) -> None:
    """Close so that the server's kernel gets a reset (SO_LINGER 0)."""
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def test_a_peer_that_goes_in_the_middle_of_its_upload(serve: Any) -> None:
    seen: list[Any] = []
    done = threading.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        while (message := await receive())["type"] == "http.request":
            seen.append(message["body"])
        seen.append(message["type"])
        done.set()

    with serve(application) as server:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        for end in (reset, lambda peer: peer.close()):
            seen.clear()
            done.clear()
            peer = server.peer().send(head)
            peer.send(b"some")
            time.sleep(0.05)
            end(peer)
            assert done.wait(5)
            assert b"".join(seen[:-1]) == b"some"
            assert seen[-1] == "http.disconnect"


def test_a_peer_that_goes_in_the_middle_of_its_download(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[BaseException] = []
    done = threading.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        try:
            while True:
                message = {"type": "http.response.body", "body": b"x" * 10000, "more_body": True}
                await send(message)
        except OSError as error:
            raised.append(error)
            raise
        finally:
            done.set()

    with serve(endless) as server:
        peer = server.peer().send(GET)
        peer.read_until(b"\r\n\r\n")
        reset(peer)
        assert done.wait(5)
    assert isinstance(raised[0], ConnectionResetError)
    assert not caplog.records  # that a client goes is nobody's mistake


def test_a_fast_application_waits_for_a_slow_reader(serve: Any) -> None:
    sent = 0
    piece = b"x" * 65536

    async def big(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        for _ in range(160):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            sent += len(piece)
        await send({"type": "http.response.body"})

    with serve(big, buffer_bytes=65536) as server:
        peer = server.peer()
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        peer.send(b"GET / HTTP/1.0\r\n\r\n")
        peer.read_until(b"\r\n\r\n")
        time.sleep(0.1)
        assert sent < 5 * 2**20  # of 10 MiB
        assert len(peer.read_all()) == 160 * len(piece)
        peer.close()


def test_a_fast_sender_waits_for_a_slow_application(serve: Any) -> None:
    taken = threading.Event()
    go_on = threading.Event()
    largest = 0

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        nonlocal largest
        assert scope["type"] == "http"
        taken.set()
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        size = 0
        while True:
            message = await receive()
            largest = max(largest, len(message["body"]))
            size += len(message["body"])
            if not message["more_body"]:
                break
        await respond(send, b"%d" % size)

    total = 32 * 2**20
    with serve(slow, buffer_bytes=65536) as server:
        peer = server.peer()
        peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % total)
        assert taken.wait(5)
        peer.socket.setblocking(False)
        sent = 0
        block = b"x" * 65536
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            try:
                sent += peer.socket.send(block)
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < 8 * 2**20
        go_on.set()
        peer.socket.settimeout(10)
        peer.send(b"x" * (total - sent))
        peer.read_until(b"\r\n\r\n%d" % total)
        peer.close()
    assert largest < 2**20


def test_a_pipelining_flood_is_not_read_ahead(serve: Any) -> None:
    release = threading.Event()

    async def stuck(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        while not release.is_set():
            await asyncio.sleep(0.01)
        await respond(send, b"")

    with serve(stuck, buffer_bytes=65536) as server:
        peer = server.peer()
        peer.socket.setblocking(False)
        sent = 0
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            try:
                sent += peer.socket.send(GET * 1000)
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < 8 * 2**20
        reset(peer)
        release.set()
