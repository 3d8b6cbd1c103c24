"""Whatever bytes come, the server answers or closes: it never hangs, never fails in the loop."""

from __future__ import annotations

import socket
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .applications import echo

PIECES = (
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"CONNECT a:1 ",
    b"OPTIONS * ",
    b"/",
    b"/%zz?%",
    b"http://h/",
    b" HTTP/1.1",
    b" HTTP/1.0",
    b" HTTP/2.0",
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b"Host: h\r\n",
    b"Content-Length: 3\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive, upgrade\r\nUpgrade: x\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffffff\r\n",
    b"abc",
    b": \x00",
    b" folded\r\n",
    b"\xff\xfe",
    b"x" * 300,
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
)

streams = st.lists(
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=8).map(b"".join),
    min_size=1,
    max_size=4,
)


def answer_to(port: int, chunks: list[bytes]) -> bytes:
    """What comes back until the end; `TimeoutError` if the server hangs."""
    data = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
        try:
            for chunk in chunks:
                peer.sendall(chunk)
            peer.shutdown(socket.SHUT_WR)
            while chunk := peer.recv(65536):
                data += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
    return data


def test_any_bytes_are_answered_or_refused(serve: Any, caplog: Any) -> None:
    @settings(
        max_examples=400,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(streams)
    @example([b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nGET"])
    @example([b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"\x00"])
    def law(chunks: list[bytes]) -> None:
        answer = answer_to(server.port, chunks)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 ")

    async def tolerant(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": body})
                return

    with serve(tolerant, max_head_bytes=1024, max_target_bytes=256, stall_timeout=1.0) as server:
        law()
        assert answer_to(server.port, [b"GET / HTTP/1.0\r\n\r\n"]).startswith(b"HTTP/1.1 200 OK")
    assert not caplog.records


def test_however_a_stream_is_cut_the_answers_are_the_same(serve: Any) -> None:
    stream = (
        b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n4;e\r\ndefg\r\n0\r\nT: 1\r\n\r\n"
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhijk"
    )

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    def law(cuts: list[int]) -> None:
        edges = [0, *cuts, len(stream)]
        chunks = [stream[a:b] for a, b in pairwise(edges)]
        bodies = answer_to(server.port, chunks).split(b"HTTP/1.1 200 OK\r\n")[1:]
        assert [body.partition(b"\r\n\r\n")[2] for body in bodies] == [b"", b"abcdefg", b"hijk"]

    with serve(echo) as server:
        law()
