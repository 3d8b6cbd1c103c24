"""Waiting for an answer over HTTP, from real servers with the habits of a starting guest."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from fata.qemu.wait import wait_http

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@contextlib.contextmanager
def server(serve: Callable[[int, socket.socket], None]) -> Iterator[int]:
    """A server that hands its connections, numbered from 0, to `serve`; the port it is on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)
        done = threading.Event()
        kept: list[socket.socket] = []

        def accept() -> None:
            while not done.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    connection.settimeout(1)
                    kept.append(connection)
                    serve(len(kept) - 1, connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            thread.join()
            for connection in kept:
                connection.close()


def _answer(connection: socket.socket, answer: bytes = ANSWER) -> None:
    connection.recv(4096)
    connection.sendall(answer)


def test_an_answer_is_status_body_and_time() -> None:
    with server(lambda _, connection: _answer(connection)) as port:
        reply = wait_http(port, "/health", deadline=5)
    assert (reply.status, reply.body) == (200, b"hello")
    assert 0 < reply.milliseconds < 5000


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    def serve(_: int, connection: socket.socket) -> None:
        _answer(connection, b"HTTP/1.0 404 Not Found\r\n\r\nno such page")
        connection.shutdown(socket.SHUT_RDWR)

    with server(serve) as port:
        reply = wait_http(port, deadline=5)
    assert (reply.status, reply.body) == (404, b"no such page")


def test_connections_that_are_forgotten_do_not_stop_it() -> None:
    """As QEMU does it for a guest without a network yet: accepted, and never heard of again."""

    def serve(number: int, connection: socket.socket) -> None:
        if number >= 6:
            _answer(connection)

    with server(serve) as port:
        assert wait_http(port, deadline=10).status == 200


def test_connections_that_are_cut_are_tried_again_soon() -> None:
    def serve(number: int, connection: socket.socket) -> None:
        if number < 20:
            connection.close()
        else:
            _answer(connection)

    with server(serve) as port:
        assert wait_http(port, deadline=10).milliseconds < 2000


def test_what_is_not_http_is_not_an_answer() -> None:
    with (
        server(lambda _, connection: _answer(connection, b"SSH-2.0-OpenSSH\r\n\r\n")) as port,
        pytest.raises(TimeoutError, match=rf"nothing answered at http://127\.0\.0\.1:{port}/ "),
    ):
        wait_http(port, deadline=0.3)


def test_nobody_there_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        wait_http(port, deadline=0.2)
    assert time.monotonic() - began < 20


def test_it_does_not_wait_for_the_dead() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        wait_http(1, deadline=60, alive=lambda: False)
    assert time.monotonic() - began < 20
