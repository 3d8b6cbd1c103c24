"""Limits: what a peer may not do, and the status that tells it so."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from .applications import echo, hello

MALFORMED = {
    "not http": (b"hello\r\n\r\n", 400),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "space before colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "lengths differ": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        400,
    ),
    "length is no number": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400),
    "length and chunked": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "chunked in 1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "unknown coding": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    "bad chunk": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
    ),
    "bad target": (b"GET example.org HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no authority": (b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "asterisk": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "proxy": (b"CONNECT example.org:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "http/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "long target": (b"GET /" + b"a" * 600 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "endless request line": (b"GET /" + b"a" * 3000, 414),
    "long head": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 3000 + b"\r\n\r\n", 431),
    "endless head": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 600, 431),
    "long head of a body": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: " + b"a" * 3000 + b"\r\n\r\n12345",
        431,
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_request_that_is_not_served(serve: Any, name: str) -> None:
    data, status = MALFORMED[name]
    with serve(echo, max_head_bytes=2048, max_target_bytes=500) as server:
        answer = server.ask(data)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nconnection: close\r\n" in answer


def test_a_head_within_the_limit_may_be_followed_by_a_long_body(serve: Any) -> None:
    with serve(echo, max_head_bytes=2048) as server:
        _, body = server.get("/", "POST", b"x" * 100_000)
    assert len(body) == 100_000


def test_an_absolute_target_is_a_path(serve: Any) -> None:
    with serve(hello) as server:
        for target, path in (
            (b"http://example.org/a/b", b"/a/b"),
            (b"HTTP://example.org", b"/"),
            (b"http://example.org?q=/", b"/"),
        ):
            answer = server.ask(b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % target)
            assert answer.endswith(b"\r\n\r\n" + path)


def test_a_head_that_trickles_in_is_408(serve: Any) -> None:
    with serve(hello, head_timeout=0.2) as server:
        started = time.monotonic()
        peer = server.peer()
        for byte in b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 4:
            peer.send(bytes((byte,)))
            time.sleep(0.01)
        assert peer.read_all().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert time.monotonic() - started < 20
        peer.close()


def test_a_connection_without_a_request_is_closed_in_silence(serve: Any) -> None:
    with serve(hello, head_timeout=0.1, keep_alive_timeout=0.1) as server:
        assert server.ask(b"") == b""
        answer = server.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.count(b"HTTP/1.1") == 1


def test_a_response_may_take_longer_than_all_limits(serve: Any) -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await asyncio.sleep(0.4)
        await hello(scope, receive, send)

    limits = {"head_timeout": 0.1, "keep_alive_timeout": 0.1, "stall_timeout": 0.1}
    with serve(slow, **limits) as server:
        assert server.get("/slow")[1] == b"/slow"


def test_a_body_that_stops_coming_is_given_up(serve: Any) -> None:
    received = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        received.extend([await receive(), await receive()])

    with serve(application, stall_timeout=0.1) as server:
        answer = server.ask(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
    assert answer == b""
    assert received[1] == {"type": "http.disconnect"}


def test_a_reader_that_stops_reading_is_given_up(serve: Any) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        while True:
            message = {"type": "http.response.body", "body": b"x" * 65536, "more_body": True}
            await send(message)

    with serve(application, stall_timeout=0.1) as server:
        peer = server.peer().send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        peer.read_until(b"\r\n\r\n")
        until = time.monotonic() + 5
        while server.server._connections:
            assert time.monotonic() < until
            time.sleep(0.01)
        peer.close()


def test_one_connection_too_many_is_503(serve: Any) -> None:
    with serve(hello, max_connections=2) as server:
        request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        peers = [server.peer().send(request) for _ in range(2)]
        for peer in peers:
            peer.read_until(b"\r\n\r\n/")
        answer = server.ask(request)
        assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        waiting = [server.peer() for _ in range(8)]  # far too many are not even told
        for peer in waiting[2:]:
            assert peer.read_all() == b""
        for peer in (*peers, *waiting):
            peer.close()
        until = time.monotonic() + 5
        while server.server._connections:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert server.get("/again")[1] == b"/again"
