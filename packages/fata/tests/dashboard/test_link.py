"""One connection for all, and another when it breaks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import pytest

from fata.dashboard.answers import Answers, question
from fata.dashboard.link import Link
from fata.dashboard.rendering import literals
from fata.dashboard.serve import serve
from functoria.error import UserError

from .chromium import until
from .host import NOW, FakeHost

LOST = UserError("the connection to root@box was lost", "root@box", "check the network")
STATUS = question("status")


def test_all_calls_use_one_connection() -> None:
    host = FakeHost()
    link = Link(lambda: host)
    for _ in range(3):
        link.call("status", {})
    assert (host.opened, host.open) == (1, 1)
    link.leave()
    assert host.open == 0


def test_a_connection_that_is_left_ends_with_its_last_call() -> None:
    """A rollback goes on over it, while others ask over a new one."""
    host, begun, go_on = FakeHost(), threading.Event(), threading.Event()

    def change(_request: Mapping[str, object], _say: Callable[[str], None]) -> int:
        begun.set()
        assert go_on.wait(20)
        return 1

    host.changes["rollback"] = change
    link = Link(lambda: host)
    thread = threading.Thread(target=link.call, args=("rollback", {}))
    thread.start()
    assert begun.wait(20)
    link.leave()
    assert host.open == 1
    link.call("status", {})
    assert (host.opened, host.open) == (2, 2)
    go_on.set()
    thread.join()
    assert host.open == 1


def test_an_answer_is_kept_while_it_is_fresh() -> None:
    host = FakeHost()
    answers = Answers(Link(lambda: host))
    for _ in range(5):
        (told,) = answers.of((STATUS,), fresh=60)
        assert told.answer is not None
    assert len(host.asked) == 1
    answers.forget()
    answers.of((STATUS,), fresh=60)
    assert len(host.asked) == 2


def test_a_slow_host_holds_no_page_up() -> None:
    go_on = threading.Event()
    host = FakeHost()
    host.changes["status"] = lambda _request, _say: int(go_on.wait(20))
    answers = Answers(Link(lambda: host))
    assert answers.of((STATUS,), wait=0.01)[0].answer is None
    go_on.set()
    assert answers.of((STATUS,), wait=20)[0].answer is not None
    assert len(host.asked) == 1


def test_what_was_known_stays_and_says_since_when() -> None:
    host, now = FakeHost(), [NOW]
    answers = Answers(Link(lambda: host), lambda: now[0])
    answers.of((STATUS,), fresh=0)
    host.down = LOST
    now[0] += 60
    (told,) = answers.of((STATUS,), fresh=0)
    assert told.answer is not None
    assert (told.at, told.since, told.error) == (NOW, NOW + 60, LOST)
    now[0] += 60
    until(lambda: len(host.asked) > 2 or bool(answers.of((STATUS,), fresh=0)), "asked again")
    assert answers.of((STATUS,), fresh=0)[0].since == NOW + 60
    host.down = None
    until(lambda: answers.of((STATUS,), fresh=0)[0].error is None, "it answers again")


def test_one_question_that_fails_breaks_no_connection() -> None:
    host = FakeHost()
    host.answers["console"] = UserError("it is not kept", None, "look elsewhere")
    answers = Answers(Link(lambda: host))
    (told,) = answers.of((question("console", app="website"),))
    assert told.error is host.answers["console"]
    assert host.open == 1


def test_what_nobody_foresaw_is_an_error_like_others() -> None:
    host = FakeHost()
    host.answers["status"] = UserError("x", None, "y")

    def fails() -> FakeHost:
        raise RuntimeError("no more processes")

    (told,) = Answers(Link(fails)).of((STATUS,))
    assert told.error is not None
    assert "RuntimeError: no more processes" in told.error.what


def test_no_more_questions_are_kept_than_need_be() -> None:
    host = FakeHost()
    answers = Answers(Link(lambda: host))
    for number in range(150):
        answers.of((question("history", app="website", limit=number),), wait=0)
    assert len(answers._entries) <= 100


def test_a_host_that_cannot_be_reached_is_told_at_once() -> None:
    host, ready = FakeHost(), list[str]()
    host.down = LOST
    with pytest.raises(UserError, match="was lost"):
        serve("root@box", lambda: host, 0, ready.append)
    assert not ready


def test_a_port_that_is_taken() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UserError, match="cannot be had: address already in use") as caught,
    ):
        serve("box", FakeHost, taken.getsockname()[1], lambda _: None)
    assert caught.value.where == "--port"


def test_the_address_that_is_told_can_be_opened_at_once() -> None:
    class EnoughError(Exception):
        pass

    def ready(address: str) -> None:
        place = urlsplit(address)
        assert place.hostname == "127.0.0.1"
        assert place.query.startswith("token=")
        socket.create_connection((place.hostname, place.port)).close()
        raise EnoughError

    host = FakeHost()
    with pytest.raises(EnoughError):
        serve("box", lambda: host, 0, ready)
    assert (host.opened, host.open) == (1, 0)


def test_all_connections_end_at_the_end() -> None:
    host, begun = FakeHost(), threading.Event()

    def change(_request: Mapping[str, object], _say: Callable[[str], None]) -> int:
        begun.set()
        return int(host.ended.wait(20))

    host.changes["rollback"] = change
    link = Link(lambda: host)
    thread = threading.Thread(target=link.call, args=("rollback", {}))
    thread.start()
    assert begun.wait(20)
    link.leave()
    link.call("status", {})
    assert host.open == 2
    link.close()
    assert host.open == 0
    host.ended.set()
    thread.join()
    assert host.open == 0


def test_what_was_refused_is_not_asked_again_and_again() -> None:
    """The host writes each refusal into its audit log."""
    host = FakeHost()
    host.answers["audit"] = UserError("you may not read it", None, "ask an administrator")
    answers = Answers(Link(lambda: host))
    for _ in range(5):
        answers.of((question("audit", limit=1),), fresh=0)
    assert len(host.asked) == 1


def test_literals_in_messages_look_like_such() -> None:
    assert literals("see `a < b`, `c`") == "see <code>a &lt; b</code>, <code>c</code>"
    assert literals("it's 5` <b>") == "it&#39;s 5` &lt;b&gt;"
    assert literals("\u202ex\x1b") == "x"
