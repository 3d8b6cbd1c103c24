"""Asking guests whether they are healthy, and what is said of their answers."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fata.deploy.health import Probe, probe, tcp
from fata.deploy.health.answer import shown
from fata.deploy.traffic.route import Endpoint
from fata.settings.model import Health, Kind

HTTP = Health(Kind.HTTP, 80, timeout=5.0)
TCP = Health(Kind.TCP, 80, timeout=5.0)
NOWHERE = Path("/nonexistent/console")


class Guest:
    """A server that does `behave` with its first connections."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = Endpoint(*self._listener.getsockname())
        self.asked = b""
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Guest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(OSError):
                    self._behave(connection)


def answering(data: bytes) -> Callable[[socket.socket], None]:
    """To take the question, give that answer, and close."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    return behave


def asked(data: bytes, health: Health = HTTP) -> Probe:
    with Guest(answering(data)) as guest:
        return probe(health, guest.endpoint, NOWHERE)


def masked(said: str) -> str:
    """What is said, without how long it took."""
    return re.sub(r"\d+ ms", "N ms", said)


# -- HTTP ------------------------------------------------------------------------------------------


def test_a_healthy_guest() -> None:
    found = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    assert (found.ok, masked(found.said)) == (True, "answered 200 OK in N ms")
    assert (found.status, found.body) == (200, "hello")
    assert 0 < found.seconds < 5


def test_the_question() -> None:
    got = b""

    def behave(connection: socket.socket) -> None:
        nonlocal got
        got = connection.recv(65536)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with Guest(behave) as guest:
        health = replace(HTTP, path="/healthz?a=b c\r\nX: y", status=204)
        assert probe(health, guest.endpoint, NOWHERE).ok
    assert got == (
        b"GET /healthz?a=b%%20c%%0D%%0AX:%%20y HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        b"User-Agent: fata\r\nAccept: */*\r\nConnection: close\r\n\r\n" % guest.endpoint.port
    )


@pytest.mark.parametrize(
    ("answer", "said", "status"),
    [
        (b"HTTP/1.1 500 \x1b[31mboo\r\n\r\nno", "answered 500 Internal Server Error in N ms", 500),
        (b"HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n", "answered 302 Found in N ms", 302),
        (b"HTTP/1.1 799 Odd\r\n\r\n", "answered 799 in N ms", 799),
        (b"", "closed the connection without an answer", None),
        (b"SSH-2.0-OpenSSH\r\n", "answered with something that is not HTTP", None),
        (b"\0" * 100000, "answered with something that is not HTTP", None),
        (
            b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200,
            "answered with something that is not HTTP",
            None,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            "answered 200 OK, but broke off in the middle",
            200,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
            "answered 200 OK, but broke off in the middle",
            200,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhal",
            "answered 200 OK, but broke off in the middle",
            200,
        ),
    ],
)
def test_an_unhealthy_guest(answer: bytes, said: str, status: int | None) -> None:
    """kamal#1041: "target failed to become healthy", and nothing of why."""
    found = asked(answer)
    assert (found.ok, masked(found.said), found.status) == (False, said, status)


def test_the_status_that_is_wanted() -> None:
    health = replace(HTTP, status=401)
    assert asked(b"HTTP/1.1 401 Unauthorized\r\n\r\n", health).ok
    found = asked(b"HTTP/1.1 200 OK\r\n\r\n", health)
    assert (found.ok, masked(found.said)) == (False, "answered 200 OK in N ms, where 401 is wanted")


def test_the_text_that_is_wanted() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    )
    assert asked(chunked, replace(HTTP, text="hello")).ok
    found = asked(chunked, replace(HTTP, text="bye\x1b[m\n"))
    assert not found.ok
    assert found.said == r"answered 200 OK, but the body does not have the text `bye\x1b[m `"
    assert found.body == "hello"


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with Guest(behave) as guest:
        found = probe(HTTP, guest.endpoint, NOWHERE)
    assert found.ok
    assert found.body == "x" * 65536


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"", "did not answer within 0.5 s"),
        (b"HTTP/1.1 200 OK\r\nX: ", "did not answer within 0.5 s"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "answered 200 OK, but did not finish within 0.5 s"),
        (b"HTTP/1.1 100 Continue\r\n", "did not answer within 0.5 s"),
    ],
)
def test_a_guest_that_drips_does_not_hold_us(first: bytes, said: str) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with Guest(behave) as guest:
        found = probe(replace(HTTP, timeout=0.5), guest.endpoint, NOWHERE)
    assert (found.ok, found.said) == (False, said)
    assert found.seconds < 2


def test_a_guest_that_answers_continue_for_ever_does_not_hold_us() -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    with Guest(behave) as guest:
        found = probe(HTTP, guest.endpoint, NOWHERE)
    assert not found.ok
    assert found.seconds < 5


def test_a_guest_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        endpoint = Endpoint(*gone.getsockname())
    for health in (HTTP, TCP):
        found = probe(health, endpoint, NOWHERE)
        assert (found.ok, found.said, found.status) == (False, "refused the connection", None)


def test_a_guest_that_resets() -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with Guest(behave) as guest:
        assert probe(HTTP, guest.endpoint, NOWHERE).said == "reset the connection"


def test_an_address_that_leads_nowhere() -> None:
    found = probe(replace(TCP, timeout=0.2), Endpoint("255.255.255.255", 80), NOWHERE)
    assert not found.ok
    assert found.said.startswith("cannot be reached: ")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=100).map(lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body),
        st.binary(max_size=100).map(lambda head: b"HTTP/1.1 " + head),
        st.binary(max_size=100).map(
            lambda body: b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        ),
        st.text(max_size=30).map(
            lambda text: b"HTTP/1.1 200 x\r\nContent-Length: " + text.encode() + b"\r\n\r\nabc"
        ),
    )
)
def test_whatever_a_guest_answers_is_told_in_one_plain_line(answer: bytes) -> None:
    found = asked(answer, replace(HTTP, text="never there", timeout=2.0))
    assert not found.ok
    assert found.said.isprintable()
    assert found.said
    assert all(line.isprintable() for line in found.body.split("\n"))


@given(st.binary())
def test_what_is_shown_does_nothing_to_a_terminal(data: bytes) -> None:
    assert all(line.isprintable() for line in shown(data).split("\n"))


def test_what_is_shown_can_be_read() -> None:
    assert shown("größe\r\n\x1b[2J\x00\u202e\xff".encode() + b"\xfe") == (
        "größe\n\\x1b[2J\\x00\\u202eÿ\\xfe"
    )


# -- TCP -------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "SETTLE", 0.2)


def talks(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-x\r\n")
    connection.recv(1)


def waits(connection: socket.socket) -> None:
    while connection.recv(100):
        pass


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("behave", [talks, waits])
def test_a_guest_that_takes_connections(behave: Callable[[socket.socket], None]) -> None:
    with Guest(behave) as guest:
        found = probe(TCP, guest.endpoint, NOWHERE)
    assert (found.ok, masked(found.said)) == (True, "took the connection in N ms")


@pytest.mark.usefixtures("quick")
def test_that_qemu_takes_a_connection_does_not_make_a_guest_healthy() -> None:
    """Its user-mode network takes all connections, and closes those that the guest refuses."""

    def refuses(connection: socket.socket) -> None:
        time.sleep(0.05)

    with Guest(refuses) as guest:
        found = probe(TCP, guest.endpoint, NOWHERE)
    assert (found.ok, found.said) == (False, "refused the connection")
    end = threading.Event()

    def boots(connection: socket.socket) -> None:
        end.wait(5)

    with Guest(boots) as guest:
        found = probe(replace(TCP, timeout=1.0), guest.endpoint, NOWHERE)
        end.set()
    assert (found.ok, found.said) == (False, "did not answer within 1 s")


# -- console ---------------------------------------------------------------------------------------


def test_a_text_on_the_console(tmp_path: Path) -> None:
    console = tmp_path / "console"
    health = Health(Kind.CONSOLE, text="listening on port")
    found = probe(health, None, console)
    assert (found.ok, found.said) == (
        False,
        "has a console that cannot be read: no such file or directory",
    )
    console.write_bytes(b"booting\nlisten")
    found = probe(health, None, console)
    assert (found.ok, found.said) == (False, "has not written `listening on port` on its console")
    console.write_bytes(b"boo\x1b[31mting\nnow \x1b[1mlistening\x1b[m on port 80\r\n\xff")
    found = probe(health, None, console)
    assert (found.ok, found.said, found.body) == (True, "has written `listening on port`", "")


def test_a_text_is_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "console").write_bytes(b"listening\non port\n")
    assert not probe(Health(Kind.CONSOLE, text="listening on"), None, tmp_path / "console").ok


def test_without_a_text_a_guest_that_runs_is_healthy() -> None:
    assert probe(Health(Kind.CONSOLE), None, NOWHERE) == Probe(True, "runs", None, "", 0.0)


def test_without_a_port_nothing_can_be_asked_of_it() -> None:
    with pytest.raises(ValueError, match="asking by http needs a port"):
        probe(HTTP, None, NOWHERE)
