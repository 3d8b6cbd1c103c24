"""WSGI applications, checked from within by the standard library's validator of PEP 3333."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest

from libos.services.http.workers import Workers
from libos.services.http.wsgi import Wsgi

if TYPE_CHECKING:
    from collections.abc import Iterator

Environ = dict[str, Any]

TEXT = [("Content-Type", "text/plain")]
PATIENCE = 10.0


def hello(environ: Environ, start_response: Any) -> list[bytes]:
    start_response("200 OK", TEXT)
    return [f"hello, {environ['PATH_INFO']}".encode("latin-1")]


def echo(environ: Environ, start_response: Any) -> list[bytes]:
    start_response("200 OK", TEXT)
    return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]


def test_an_application_that_is_right_in_every_detail(serve: Any) -> None:
    with serve(Wsgi(validator(hello))) as server:
        response, body = server.get("/w%C3%B6rld?a=1")
    assert (response.status, body) == (200, "hello, /wörld".encode())


def test_an_answer_of_one_piece_has_a_length(serve: Any) -> None:
    with serve(Wsgi(hello)) as server:
        response, body = server.get("/")
    assert response.headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in response.headers


def test_the_environ_tells_what_the_request_was(serve: Any) -> None:
    seen: Environ = {}

    def look(environ: Environ, start_response: Any) -> list[bytes]:
        seen.update(environ)
        return hello(environ, start_response)

    with serve(Wsgi(validator(look)), root_path="/app") as server:
        request = (
            b"POST /app/p%61th?x=%20 HTTP/1.1\r\nHost: example.org\r\nContent-Type: a/b\r\n"
            b"Content-Length: 2\r\nX-One: 1\r\nX-One: 2\r\nCookie: a=1\r\nCookie: b=2\r\n"
            b"Proxy: http://evil\r\nX_One: 3\r\nConnection: close\r\n\r\nhi"
        )
        server.ask(request)
        port = server.port
    assert {name: seen[name] for name in seen if name.isupper() and "REMOTE" not in name} == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/app",
        "PATH_INFO": "/path",
        "QUERY_STRING": "x=%20",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "a/b",
        "CONTENT_LENGTH": "2",
        "HTTP_HOST": "example.org",
        "HTTP_X_ONE": "1, 2",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_CONNECTION": "close",
    }
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert seen["wsgi.url_scheme"] == "http"


def test_a_body_is_read_as_the_application_likes(serve: Any) -> None:
    def lines(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        stream = environ["wsgi.input"]
        return [repr([stream.readline(), stream.read(2), *stream]).encode()]

    with serve(Wsgi(validator(lines))) as server:
        _, body = server.get("/", "POST", b"one\ntwo\nthree")
    assert body == b"[b'one\\n', b'tw', b'o\\n', b'three']"


def test_a_body_that_comes_in_chunks_has_an_end(serve: Any) -> None:
    def read_all(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        return [environ["wsgi.input"].read()]

    chunks = iter([b"one, ", b"two, ", b"three"])
    with serve(Wsgi(read_all)) as server:
        _, body = server.get("/", "POST", chunks)
    assert body == b"one, two, three"


def test_a_large_body_goes_in_and_out(serve: Any) -> None:
    sent = bytes(range(256)) * 8192
    with serve(Wsgi(validator(echo))) as server:
        _, body = server.get("/", "POST", sent)
    assert body == sent


def test_pieces_leave_as_they_are_made(serve: Any) -> None:
    go_on = threading.Event()

    def two(_environ: Environ, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"first"
        assert go_on.wait(PATIENCE)
        yield b"second"

    with serve(Wsgi(validator(two))) as server:
        peer = server.peer().send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b"transfer-encoding: chunked" in peer.read_until(b"first")
        go_on.set()
        assert b"second" in peer.read_all()
        peer.close()


def test_the_write_of_old_applications(serve: Any) -> None:
    def old(_environ: Environ, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", TEXT)
        write(b"one ")
        write(b"two ")
        return [b"three"]

    with serve(Wsgi(validator(old))) as server:
        assert server.get("/")[1] == b"one two three"


def test_an_answer_to_head_has_a_length_and_no_body(serve: Any) -> None:
    with serve(Wsgi(hello)) as server:
        response, body = server.get("/", "HEAD")
    assert (response.headers["content-length"], body) == ("8", b"")


def test_an_empty_answer(serve: Any) -> None:
    def empty(_environ: Environ, start_response: Any) -> list[bytes]:
        start_response("204 No Content", [])
        return []

    with serve(Wsgi(empty)) as server:
        response, body = server.get("/")
    assert (response.status, body) == (204, b"")


def raising(_environ: Environ, _start_response: Any) -> list[bytes]:
    raise LookupError("no such row")


def silent(_environ: Environ, _start_response: Any) -> list[bytes]:
    return [b"no head"]


def twice(_environ: Environ, start_response: Any) -> list[bytes]:
    start_response("200 OK", TEXT)
    start_response("200 OK", TEXT)
    return [b""]


def upgrading(_environ: Environ, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Upgrade", "h2c")])
    return [b""]


def statusless(_environ: Environ, start_response: Any) -> list[bytes]:
    start_response("OK", TEXT)
    return [b""]


def wordy(_environ: Environ, start_response: Any) -> list[Any]:
    start_response("200 OK", TEXT)
    return ["text"]


def stopping(_environ: Environ, start_response: Any) -> list[bytes]:
    raise StopIteration


@pytest.mark.parametrize(
    ("application", "message"),
    [
        (raising, "no such row"),
        (silent, "has not called start_response"),
        (twice, "called start_response twice"),
        (upgrading, "`Upgrade` is about the connection"),
        (statusless, "'OK' is not a status"),
        (wordy, "gave str where bytes are due"),
        (stopping, "StopIteration() was raised"),
    ],
)
def test_a_failure_is_an_answer_500_and_in_the_log(
    serve: Any, application: Any, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(Wsgi(application)) as server:
        assert server.get("/")[0].status == 500
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert message in str(record.exc_info[1])


def test_an_error_page_in_place_of_what_was_begun(serve: Any) -> None:
    import sys

    def rescued(_environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        try:
            raise ValueError
        except ValueError:
            start_response("503 Not Now", TEXT, sys.exc_info())
        return [b"sorry"]

    with serve(Wsgi(validator(rescued))) as server:
        response, body = server.get("/")
    assert (response.status, body) == (503, b"sorry")


def test_a_failure_in_the_middle_breaks_the_answer_off(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_environ: Environ, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"first"
        raise OSError("the disk is gone")

    with serve(Wsgi(broken)) as server:
        answer = server.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"first" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert "the application raised" in caplog.text


def test_what_is_written_to_errors_is_logged_by_the_line(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def complaining(environ: Environ, start_response: Any) -> list[bytes]:
        environ["wsgi.errors"].writelines(["one\ntw", "o\nthree"])
        return hello(environ, start_response)

    with serve(Wsgi(validator(complaining))) as server:
        server.get("/")
    assert [r.getMessage() for r in caplog.records if r.name == "http.wsgi"] == [
        "one",
        "two",
        "three",
    ]


def test_the_iterable_is_closed_whatever_happens(serve: Any) -> None:
    closed = threading.Event()

    class Blocks:
        def __iter__(self) -> Iterator[bytes]:
            yield b"x"
            raise ValueError

        def close(self) -> None:
            closed.set()

    def application(_environ: Environ, start_response: Any) -> Blocks:
        start_response("200 OK", TEXT)
        return Blocks()

    with serve(Wsgi(application)) as server:
        server.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert closed.is_set()


def test_requests_run_at_once_up_to_the_number_of_threads(serve: Any) -> None:
    meeting = threading.Barrier(3)
    most = 0
    inside = 0
    lock = threading.Lock()

    def meet(environ: Environ, start_response: Any) -> list[bytes]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        meeting.wait(PATIENCE)
        with lock:
            inside -= 1
        return hello(environ, start_response)

    with serve(Wsgi(meet, threads=3)) as server:
        peers = [server.peer() for _ in range(6)]
        for peer in peers:
            peer.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = [peer.read_all() for peer in peers]
        for peer in peers:
            peer.close()
    assert all(answer.endswith(b"hello, /") for answer in answers)
    assert most == 3


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("worker-")]


def test_threads_begin_with_the_first_request_and_end_with_the_server(serve: Any) -> None:
    with serve(Wsgi(hello)) as server:
        assert workers() == []
        server.get("/")
        assert workers() == ["worker-1"]
    assert workers() == []


def test_a_client_that_leaves_releases_the_thread(serve: Any) -> None:
    ended = threading.Event()

    def endless(_environ: Environ, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        try:
            while True:
                yield b"x" * 65536
        finally:
            ended.set()

    with serve(Wsgi(endless)) as server:
        peer = server.peer().send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        peer.read_until(b"xxx")
        peer.close()
        assert ended.wait(PATIENCE)


def test_a_server_that_ends_releases_a_thread_that_waits_for_a_body(serve: Any) -> None:
    outcomes: list[str] = []
    reading = threading.Event()

    def reader(environ: Environ, start_response: Any) -> list[bytes]:
        reading.set()
        try:
            environ["wsgi.input"].read(10)
        except OSError as error:
            outcomes.append(type(error).__name__)
            raise
        return hello(environ, start_response)

    with serve(Wsgi(reader), drain_timeout=0.1) as server:
        peer = server.peer().send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12")
        assert reading.wait(PATIENCE)
        server.cancel()
        peer.read_all()
        peer.close()
    deadline = time.monotonic() + PATIENCE
    while not outcomes and time.monotonic() < deadline:
        time.sleep(0.01)
    assert outcomes in (["ConnectionAbortedError"], ["ConnectionResetError"])


def test_a_number_of_threads_is_1_or_more() -> None:
    with pytest.raises(ValueError, match="at least 1 thread"):
        Workers(0)
