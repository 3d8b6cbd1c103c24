"""Consoles, which are asked for once and then followed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fata.dashboard.consoles import LINES, Consoles, Place
from fata.dashboard.link import Link
from functoria.error import UserError

from .chromium import until
from .host import CONSOLE, FakeHost

LIVE, FAILED = Place("website", "production", 9), Place("website", "production", 7)


@pytest.fixture
def host() -> Iterator[FakeHost]:
    made = FakeHost()
    yield made
    made.ended.set()


@pytest.fixture
def consoles(host: FakeHost) -> Consoles:
    return Consoles(Link(lambda: host))


def lines(consoles: Consoles, place: Place = LIVE) -> tuple[str, ...]:
    return consoles.of(place, over=place is FAILED, answering=True).lines


def test_what_is_written_comes_without_asking_again(host: FakeHost, consoles: Consoles) -> None:
    """Each question is in the host's audit log."""
    assert lines(consoles) == CONSOLE
    host.console = (*host.console, "one more")
    until(lambda: lines(consoles)[-1] == "one more", "it is there")
    assert len(host.asked) == 1


def test_only_the_end_is_kept(host: FakeHost, consoles: Consoles) -> None:
    host.console = tuple(f"line {number}" for number in range(5000))
    until(lambda: lines(consoles)[-1:] == ("line 4999",), "all was heard")
    assert len(lines(consoles)) == LINES


def test_what_is_over_is_asked_once(host: FakeHost, consoles: Consoles) -> None:
    for _ in range(3):
        assert lines(consoles, FAILED) == CONSOLE
    assert len(host.asked) == 1


def test_a_guest_that_has_written_nothing(host: FakeHost, consoles: Consoles) -> None:
    host.console = ()
    found = consoles.of(FAILED, over=True, answering=True)
    assert (found.lines, found.known, found.error) == ((), True, None)


def test_what_cannot_be_read_is_told_and_not_asked_again_at_once(
    host: FakeHost, consoles: Consoles
) -> None:
    host.answers["console"] = UserError("it is not kept any more", None, "see `fata history`")
    for _ in range(3):
        found = consoles.of(FAILED, over=True, answering=True)
        assert found.error is host.answers["console"]
    assert len(host.asked) == 1


def test_a_connection_that_is_lost_leaves_what_was_read(host: FakeHost, consoles: Consoles) -> None:
    assert lines(consoles) == CONSOLE
    host.down = UserError("the connection was lost", None, "check it")
    until(lambda: consoles.of(LIVE, over=False, answering=False).error is host.down, "it is lost")
    assert lines(consoles) == CONSOLE


def test_not_all_at_once(host: FakeHost, consoles: Consoles) -> None:
    """One connection carries few commands; what is more than that is read, and not followed."""
    for number in range(1, 6):
        consoles.of(Place("website", f"e{number}", 9), over=False, answering=True)
    assert [request["follow"] for _, request in host.asked] == [True] * 3 + [False] * 2
