"""What an application sees of a request, and what a client sees of its answer."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any

import pytest

from .applications import echo, hello, read_body, respond


def test_the_scope_of_a_request(serve: Any) -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        scopes.append(scope)
        await respond(send, b"")

    with serve(application, root_path="/app") as server:
        server.ask(
            b"GET /caf%C3%A9%20au/lait%2F?q=%20a&b HTTP/1.1\r\nHost: example.org\r\n"
            b"X-Twice: 1\r\nX-Twice:  2  \r\nConnection: close\r\n\r\n"
        )
    (scope,) = scopes
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.4"}
    assert scope["http_version"] == "1.1"
    assert scope["method"] == "GET"
    assert scope["scheme"] == "http"
    assert scope["path"] == "/café au/lait/"
    assert scope["raw_path"] == b"/caf%C3%A9%20au/lait%2F"
    assert scope["query_string"] == b"q=%20a&b"
    assert scope["root_path"] == "/app"
    assert scope["headers"] == [
        (b"host", b"example.org"),
        (b"x-twice", b"1"),
        (b"x-twice", b"2"),
        (b"connection", b"close"),
    ]
    assert scope["client"][0] == "127.0.0.1"
    assert scope["server"] == ("127.0.0.1", server.port)
    assert scope["state"] == {}


def test_equal_requests_get_scopes_of_their_own(serve: Any) -> None:
    seen = []

    async def spoiling(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        seen.append((list(scope["headers"]), dict(scope["asgi"])))
        scope["headers"].clear()
        scope["asgi"].clear()
        scope["path"] = "/other"
        await respond(send, b"")

    with serve(spoiling) as server:
        for _ in range(3):
            server.get("/", connection="close")
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0]


def test_a_body_comes_whole_however_it_is_cut(serve: Any) -> None:
    with serve(echo) as server:
        assert server.get("/", "POST", b"twelve bytes")[1] == b"twelve bytes"
        assert (
            server.get("/", "POST", iter([b"chunk", b"ed " * 1000]))[1] == b"chunk" + b"ed " * 1000
        )
        peer = server.peer()
        peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        peer.send(b"c")
        peer.send(b"d")
        assert peer.read_until(b"abcd").startswith(b"HTTP/1.1 200 OK\r\n")
        peer.close()


def test_trailers_are_read_and_dropped(serve: Any) -> None:
    with serve(echo) as server:
        answer = server.ask(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"3;ext=1\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n"
        )
    assert answer.endswith(b"\r\n\r\nabc")


def test_a_body_in_one_message_has_a_content_length(serve: Any) -> None:
    with serve(hello) as server:
        response, body = server.get("/path")
    assert (response.status, response.reason, body) == (200, "OK", b"/path")
    assert response.headers["content-length"] == "5"
    assert response.headers["date"].endswith("GMT")
    assert "server" not in response.headers
    assert "transfer-encoding" not in response.headers


def test_a_streamed_body_is_chunked(serve: Any) -> None:
    async def streaming(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        for piece in (b"one ", b"", b"two ", b"x" * 100_000):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    with serve(streaming) as server:
        response, body = server.get("/")
        assert response.headers["transfer-encoding"] == "chunked"
        assert body == b"one two " + b"x" * 100_000
        # HTTP/1.0 knows no chunks: there the body ends with the connection.
        answer = server.ask(b"GET / HTTP/1.0\r\n\r\n")
        assert answer.partition(b"\r\n\r\n")[2] == body
        assert b"transfer-encoding" not in answer
        assert b"connection: close" in answer


def test_the_head_leaves_with_the_first_piece_of_the_body(serve: Any) -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await receive()
        assert (await receive())["type"] == "http.disconnect"

    with serve(slow) as server:
        peer = server.peer().send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.read_until(b"first\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
        peer.close()


@pytest.mark.parametrize("status", [204, 304])
def test_responses_without_a_body(serve: Any, status: int) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await respond(send, b"not to be sent", status)

    with serve(application) as server:
        peer = server.peer()
        for _ in range(2):
            peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            head = peer.read_until(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert b"content-length" not in head
        peer.close()


def test_head_has_the_headers_of_get_and_no_body(serve: Any) -> None:
    with serve(hello) as server:
        peer = server.peer()
        for _ in range(2):
            peer.send(b"HEAD /12345 HTTP/1.1\r\nHost: x\r\n\r\n")
            head = peer.read_until(b"\r\n\r\n")
            assert b"content-length: 6\r\n" in head
        peer.close()


def test_the_application_sets_its_own_server_date_and_connection(serve: Any) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = [(b"Server", b"mine"), (b"Date", b"today"), (b"Connection", b"Close")]
            await respond(send, b"", headers=[*headers, (b"Transfer-Encoding", b"chunked")])

    with serve(application, server_header="fata") as server:
        answer = server.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer == (
        b"HTTP/1.1 200 OK\r\nServer: mine\r\nDate: today\r\n"
        b"content-length: 0\r\nconnection: close\r\n\r\n"
    )


def test_the_server_header_is_sent_if_asked_for(serve: Any) -> None:
    with serve(hello, server_header="fata") as server:
        assert server.get("/")[0].headers["server"] == "fata"


def test_a_client_that_expects_100_continue_gets_it_when_the_body_is_read(serve: Any) -> None:
    with serve(echo) as server:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        peer = server.peer().send(head)
        assert peer.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.send(b"abc")
        assert peer.read_until(b"\r\n\r\nabc").startswith(b"HTTP/1.1 200")
        peer.send(head)  # and the connection is good for more
        assert peer.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.send(b"def").read_until(b"\r\n\r\ndef")
        peer.close()


def test_a_body_that_nobody_reads_is_not_asked_for(serve: Any) -> None:
    with serve(hello) as server:
        answer = server.ask(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close\r\n" in answer


def test_receive_after_the_response_is_a_disconnect(serve: Any) -> None:
    received = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await respond(send, b"done")
        received.append(await receive())

    with serve(application) as server:
        server.get("/")
    assert received == [{"type": "http.disconnect"}]


def test_work_after_the_response_holds_up_nobody(serve: Any) -> None:
    release = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await respond(send, b"done")
        if scope["path"] == "/background":
            await release.wait()
        else:
            release.set()

    with serve(application) as server:
        client = server.client()
        for path in ("/background", "/release"):
            client.request("GET", path)
            assert client.getresponse().read() == b"done"
        client.close()


def test_a_request_to_upgrade_is_served_as_plain_http(serve: Any) -> None:
    with serve(hello) as server:
        peer = server.peer()
        for _ in range(2):
            peer.send(
                b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            )
            assert peer.read_until(b"/ws").startswith(b"HTTP/1.1 200")
        peer.close()


def test_curl_posts_twice_over_one_connection(serve: Any) -> None:
    with serve(echo) as server:
        url = f"http://127.0.0.1:{server.port}/"
        data = b"x" * 2_000_000  # large enough for curl to expect 100 Continue
        command = ["curl", "--silent", "--show-error", "--fail", "--data-binary", "@-"]
        result = subprocess.run([*command, url, url], input=data, capture_output=True, check=True)
    assert len(result.stdout) == 2 * len(data)


MISTAKES = {
    "body before start": [{"type": "http.response.body"}],
    "start twice": [{"type": "http.response.start", "status": 200}] * 2,
    "informational": [{"type": "http.response.start", "status": 101}],
    "unknown message": [{"type": "websocket.accept"}],
    "header injection": [
        {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nc: d")]}
    ],
    "control character": [
        {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\0")]}
    ],
    "header name": [{"type": "http.response.start", "status": 200, "headers": [(b"a:", b"b")]}],
    "empty name": [{"type": "http.response.start", "status": 200, "headers": [(b"", b"b")]}],
    "bad length": [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"-1")]}
    ],
    "two lengths": [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"1"), (b"content-length", b"2")],
        }
    ],
    "longer than its length": [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]},
        {"type": "http.response.body", "body": b"ab"},
    ],
    "shorter than its length": [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]},
        {"type": "http.response.body", "body": b"ab"},
    ],
    "no answer": [],
    "start alone": [{"type": "http.response.start", "status": 200}],
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_the_application_is_answered_500_and_logged(
    serve: Any, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        for message in MISTAKES[name]:
            await send(message)

    with serve(application) as server:
        answer = server.ask(b"GET /it HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
        assert answer.endswith(b"\r\n\r\n500 Internal Server Error\n")
    assert "GET /it: the application " in caplog.text


def test_what_the_application_raises_is_logged_and_not_shown(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await read_body(receive)
        raise LookupError("a secret")

    with serve(application) as server:
        response, body = server.get("/", "POST", b"abc")
        head, nothing = server.get("/", "HEAD")
    assert (response.status, body) == (500, b"500 Internal Server Error\n")
    assert (head.status, nothing) == (500, b"")
    assert "LookupError: a secret" in caplog.text


def test_a_failure_in_the_middle_of_a_response_is_seen_as_one(serve: Any) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"some", "more_body": True})
        if scope["path"] == "/raise":
            raise LookupError

    with serve(application) as server:
        for path in (b"/raise", b"/return"):
            answer = server.ask(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
            assert not answer.endswith(b"0\r\n\r\n")


def test_each_request_is_logged_at_debug_level(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "http.access")
    with serve(hello) as server:
        server.get("/a%20b?secret=1")
    assert [record.getMessage() for record in caplog.records if record.name == "http.access"] == [
        "127.0.0.1 GET /a%20b 200"
    ]
