"""QMP: the session with QEMU, and with something that only claims to be it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.qemu.qmp import EVENT_LIMIT, MESSAGE_LIMIT, Qmp, QmpError

GREETING = b'{"QMP": {"version": {}, "capabilities": []}}\r\n'
READY = GREETING + b'{"return": {}, "id": 1}\r\n'


@contextlib.contextmanager
def session(answers: bytes, timeout: float = 5.0) -> Iterator[Qmp]:
    """A session with a peer that says `answers`, whatever it is asked, and then hangs up."""
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with contextlib.suppress(OSError):
            theirs.sendall(answers)
            theirs.shutdown(socket.SHUT_WR)

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        with ours, theirs, Qmp(ours, timeout) as qmp:
            yield qmp
    finally:
        speaker.join()


def test_a_request_gets_its_own_answer() -> None:
    event = b'{"event": "STOP", "timestamp": {}}\n'
    with session(READY + event + b'{"return": 5, "id": 9}\n{"return": 7, "id": 2}\n') as qmp:
        assert qmp.execute("query-x", {"a": 1}) == 7
        assert [event["event"] for event in qmp.events()] == ["STOP"]
        assert qmp.events() == []


def test_requests_are_json_lines() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(READY + b'{"return": {"status": "paused"}, "id": 2}\n')
        with Qmp(ours) as qmp:
            assert qmp.status() == "paused"
        lines = [json.loads(line) for line in theirs.recv(4096).splitlines()]
    assert lines == [
        {"execute": "qmp_capabilities", "id": 1},
        {"execute": "query-status", "id": 2},
    ]


def test_events_are_waited_for() -> None:
    events = b"".join(b'{"event": "%s"}\n' % name for name in (b"RESUME", b"RESET", b"SHUTDOWN"))
    with session(READY + events) as qmp:
        assert qmp.wait_event("SHUTDOWN", "STOP")["event"] == "SHUTDOWN"
        with pytest.raises(QmpError, match="QEMU has ended"):
            qmp.wait_event("STOP")


def test_only_the_newest_events_are_kept() -> None:
    events = b"".join(b'{"event": "%d"}\n' % number for number in range(1000))
    with session(READY + events + b'{"return": {}, "id": 2}\n') as qmp:
        qmp.execute("stop")
        kept = qmp.events()
    assert len(kept) == EVENT_LIMIT
    assert kept[-1]["event"] == "999"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (b"", "QEMU has ended"),
        (b"SSH-2.0-OpenSSH\n", "not JSON"),
        (b"[]\n", "not a QMP message"),
        (b"{}\n", "does not greet as QMP"),
        (b"[" * 100_000 + b"\n", "not JSON"),
        (b"9" * 100_000 + b"\n", "not JSON"),
        (b"x" * (MESSAGE_LIMIT + 100_000), "too long"),
        (GREETING + b'{"error": {"desc": "no"}, "id": 1}\n', "`qmp_capabilities`: no"),
        (GREETING + b'{"error": {"desc": "no"}}\n', "`qmp_capabilities`: no"),
        (GREETING + b'{"error": 5, "id": 1}\n', "refused without a reason"),
    ],
)
def test_a_peer_that_is_not_qemu(answers: bytes, why: str) -> None:
    with pytest.raises(QmpError, match=why), session(answers):
        pass


def test_silence_ends_in_time() -> None:
    ours, theirs = socket.socketpair()
    began = time.monotonic()
    with theirs, pytest.raises(QmpError, match="QEMU does not answer"):
        Qmp(ours, timeout=0.05)
    assert time.monotonic() - began < 20


def test_chatter_is_no_answer() -> None:
    """Events without end do not keep a request waiting beyond its time."""
    ours, theirs = socket.socketpair()
    done = threading.Event()

    def chatter() -> None:
        theirs.settimeout(0.1)
        while not done.is_set():
            with contextlib.suppress(OSError):
                theirs.sendall(b'{"event": "X"}\n')

    theirs.sendall(READY)
    with theirs, Qmp(ours, timeout=5) as qmp:
        talker = threading.Thread(target=chatter)
        talker.start()
        try:
            with pytest.raises(QmpError, match="QEMU does not answer"):
                qmp.execute("stop", timeout=0.2)
        finally:
            done.set()
            talker.join()


def test_one_that_hangs_and_accepts_nothing(tmp_path: Path) -> None:
    """The first ones wait in its queue; for those after them there is no room in it."""
    path = tmp_path / "qmp"
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen(0)
        began = time.monotonic()
        for _ in range(4):
            with pytest.raises(QmpError):
                Qmp.connect(path, 0.2)
        assert time.monotonic() - began < 30


def test_a_socket_that_never_appears(tmp_path: Path) -> None:
    with pytest.raises(QmpError, match="no QMP socket"):
        Qmp.connect(tmp_path / "qmp", timeout=0.05)


@given(st.binary(max_size=200) | st.just(READY).flatmap(lambda r: st.binary().map(r.__add__)))
def test_any_bytes_end_in_an_answer_or_a_qmp_error(answers: bytes) -> None:
    with contextlib.suppress(QmpError), session(answers, timeout=1) as qmp:
        qmp.status()
