"""Staying with a guest of Xen: how it ends, and how it is brought to its end.

The toolstack is played by a process that waits for what it is told.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fata.completed import Completed
from fata.qemu.outcome import Outcome
from fata.xen.follow import Session, follow
from fata.xen.toolstack import Toolstack

GUEST = """
import os, sys, time
told, says, hears = sys.argv[1:]
print(says, end="", flush=True)
while True:
    words = open(told).read().split() if os.path.exists(told) else []
    if "destroy" in words:
        break
    if words.count("shutdown") >= int(hears):
        print("fata: exit 130 interrupted", flush=True)
        break
    time.sleep(0.01)
"""
LIST = "Name ID Mem VCPUs State Time(s)\nDomain-0 0 512 1 r----- 9.0\n"


class Host:
    """A Xen host with a guest that `says` something and ends at request number `hears`.

    Asked for its guests, it tells one of the `states` after another.
    """

    def __init__(self, told: Path, says: str, hears: int, *states: str | None) -> None:
        self.told = told
        self._words = (str(told), says, str(hears))
        self._states = list(states)

    @property
    def where(self) -> str:
        return "a host"

    def command(self, arguments: Sequence[str], terminal: bool = False) -> tuple[str, ...]:
        assert list(arguments[:2]) == ["xl", "create"]
        return (sys.executable, "-c", GUEST, *self._words)

    def run(
        self,
        arguments: Sequence[str],
        given: bytes = b"",
        limit: float | None = None,
        check: bool = True,
    ) -> Completed:
        if arguments[1] == "list":
            state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
            row = "" if state is None else f"web 7 128 1 {state} 0.1\n"
            return Completed(0, (LIST + row).encode(), b"")
        with self.told.open("a") as told:
            told.write(f"{arguments[1]}\n")
        return Completed(0, b"", b"")

    @property
    def requests(self) -> list[str]:
        return self.told.read_text().split()


def interrupted(host: Host, directory: Path, at: bytes, times: int = 1) -> Outcome:
    """The guest's end, with ctrl-C as often once this was said of the run or by the guest."""
    left = [times]

    def press(what: bytes) -> None:
        if at in what and left[0]:
            left[0] -= 1
            os.kill(os.getpid(), signal.SIGINT)
            press(what)

    session = Session(directory, (), directory / "console", lambda _: None, press)
    return follow(Toolstack(host), "web", "web.xl", session, grace=0.5)


def test_a_guest_that_listens_ends_in_order(tmp_path: Path) -> None:
    host = Host(tmp_path / "told", "hello\n", 1, "-b----")
    outcome = interrupted(host, tmp_path, b"hello")
    assert (outcome.code, outcome.reason) == (130, "interrupted")
    assert host.requests == ["shutdown", "destroy"]
    assert (tmp_path / "console").read_text() == "hello\nfata: exit 130 interrupted\n"


def test_one_that_did_not_listen_yet_is_asked_again(tmp_path: Path) -> None:
    host = Host(tmp_path / "told", "hello\n", 2, "-b----")
    assert interrupted(host, tmp_path, b"hello").code == 130
    assert host.requests == ["shutdown", "shutdown", "destroy"]


@pytest.mark.parametrize(("times", "asked"), [(1, 2), (2, 0)])
def test_one_that_never_listens_is_ended(tmp_path: Path, times: int, asked: int) -> None:
    host = Host(tmp_path / "told", "hello\n", 9, "-b----")
    outcome = interrupted(host, tmp_path, b"hello", times)
    assert outcome.code is None
    assert outcome.interrupted
    assert outcome.reason == "stopped before it ended by itself"
    assert host.requests == ["shutdown"] * asked + ["destroy"] * 2


@pytest.mark.parametrize("state", [None, "--p---"])
def test_one_that_xen_still_makes_is_ended_once_it_runs(tmp_path: Path, state: str | None) -> None:
    host = Host(tmp_path / "told", "(early)", 9, state, "-b----")
    outcome = interrupted(host, tmp_path, b"(early)")
    assert outcome.interrupted
    assert outcome.reason == "before its program began"
    assert host.requests == ["destroy", "destroy"]


def test_what_goes_wrong_leaves_no_guest(tmp_path: Path) -> None:
    host = Host(tmp_path / "told", "hello\n", 9, "-b----")

    def broken(_: bytes) -> None:
        raise BrokenPipeError

    session = Session(tmp_path, (), tmp_path / "console", lambda _: None, broken)
    with pytest.raises(BrokenPipeError):
        follow(Toolstack(host), "web", "web.xl", session)
    assert host.requests == ["destroy"]
