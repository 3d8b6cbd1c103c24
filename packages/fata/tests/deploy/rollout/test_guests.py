"""Guests that misbehave once they are live: what ends them, and when they are started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy import changes, repair
from fata.deploy.agent.requests import About, Deployment
from fata.deploy.drivers.driver import Outcome, State
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.host import Host
from fata.deploy.repair import Repairer
from fata.deploy.restart import LONGEST, STEADY, Attempts, is_final
from fata.deploy.watch import Watch
from functoria.error import UserError

from .stub import Stub, deployment, image, served

GUEST = "hello.production.g1"


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def pid(host: Host) -> int | None:
    """The process of the live guest."""
    return next((one.number for one in host.driver.list() if one.state is State.RUNNING), None)


def stub_of(host: Host) -> Stub:
    assert isinstance(host.driver, Stub)
    return host.driver


def restarts(host: Host) -> int:
    return host.records.generations()[0].restarts


def kill(host: Host) -> None:
    host.driver.destroy(GUEST)
    assert host.driver.outcome(GUEST) is not None


def test_pain_8_a_guest_that_dies_again_and_again_is_started_less_and_less_often(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart at once, then after 1, 2, 4 ... 60 s, and never sooner."""
    changes.deploy(host, deployment(image(host)), "ann", said.append)
    clock = Clock()
    monkeypatch.setattr(repair, "time", clock)
    repairer, waits = Repairer(host, said.append), []
    for _ in range(9):
        kill(host)
        began = clock.now
        repairer.run()
        while pid(host) is None:
            clock.now += 0.5
            repairer.run()
        waits.append(clock.now - began)
    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert restarts(host) == 9
    clock.now += STEADY + 1
    kill(host)
    repairer.run()
    assert pid(host) is not None, "it ran for long, and is started at once"


@given(times=st.lists(st.floats(0, 1000), max_size=40))
def test_the_pauses_are_never_longer_than_a_minute(times: list[float]) -> None:
    attempts, now = Attempts(), 0.0
    for passed in times:
        now = max(now + passed, attempts.due)
        attempts = attempts.again(now)
        assert now <= attempts.due <= now + LONGEST


@pytest.mark.parametrize(("code", "final"), [(0, True), (64, True), (1, False), (70, False)])
def test_pain_8_what_has_finished_or_was_told_nonsense_is_not_started_again(
    host: Host, said: list[str], code: int, final: bool
) -> None:
    """The exit code says whether a restart would change anything."""
    assert is_final(Outcome(code, "", State.ENDED, 0.0)) is final
    changes.deploy(host, deployment(image(host)), "ann", said.append)
    with host.driver.console(GUEST).open("a") as console:
        console.write(f"fata: exit {code} why\n")
    kill(host)
    Repairer(host, said.append).run()
    assert (pid(host) is None) is final
    if final:
        # A person may start it all the same, and can always be rid of it.
        changes.restart(host, About(app="hello"), "ann", said.append)
        assert served(host) == "hello"
    changes.remove(host, About(app="hello"), "ann", said.append)
    assert pid(host) is None


def test_one_that_hangs_is_ended_and_started_again(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, but does not answer: after six times in a row it is taken for dead."""
    monkeypatch.setattr("fata.deploy.watch.PROBE_SECONDS", 0.05)
    changes.deploy(host, hasty(deployment(image(host))), "ann", said.append)
    watch, repairer, before = Watch(host, said.append), Repairer(host, said.append), pid(host)
    watch.run()
    stop(host)
    until(lambda: watch.run() or pid(host) is None)  # type: ignore[func-returns-value]
    assert f"{GUEST} did not answer 6 times in a row, and is started again" in said
    repairer.run()
    assert pid(host) not in (None, before)
    until(lambda: answers(host))
    watch.run()
    assert host.records.generations()[0].healthy is True


def test_one_that_was_just_started_has_the_time_to_start(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not ended before the time is over that a release has to become healthy."""
    monkeypatch.setattr("fata.deploy.watch.PROBE_SECONDS", 0.01)
    first = hasty(deployment(image(host)))
    first = replace(first, health=replace(first.health, deadline=3600.0))
    changes.deploy(host, first, "ann", said.append)
    stop(host)
    watch = Watch(host, said.append)
    for _ in range(20):
        watch.run()
        time.sleep(0.02)
    assert pid(host) is not None


def test_one_that_hangs_is_left_to_whoever_is_changing_it(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fata.deploy.watch.PROBE_SECONDS", 0.01)
    changes.deploy(host, hasty(deployment(image(host))), "ann", said.append)
    host.records.leases.take(host.records.generations()[0].service, "bob", "deploy")
    stop(host)
    watch = Watch(host, said.append)
    for _ in range(12):
        watch.run()
        time.sleep(0.1)
    assert pid(host) is not None


def test_one_that_cannot_be_started_is_in_nobodys_way(host: Host, said: list[str]) -> None:
    """What goes wrong with one service is told, and the others are repaired all the same."""
    changes.deploy(host, deployment(image(host)), "ann", said.append)
    other = deployment(image(host), app="other", ports=())
    changes.deploy(host, other, "ann", said.append)
    kill(host)
    host.driver.destroy("other.production.g1")
    start = host.driver.start

    def mistaken(spec: GuestSpec) -> None:
        if spec.name == GUEST:
            raise RuntimeError("a mistake of ours")
        start(spec)

    host.driver.start = mistaken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        Repairer(host, said.append).run()
    running = [one.name for one in host.driver.list() if one.state is State.RUNNING]
    assert running == ["other.production.g1"]
    lease = host.records.leases.holder(host.records.generations()[0].service)
    assert lease is None, "and nobody has to wait for it"


def test_one_whose_keeper_was_killed_gets_another(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs and serves meanwhile; what cannot be attended to is tried again, and told once."""
    changes.deploy(host, deployment(image(host)), "ann", said.append)
    before, clock = pid(host), Clock()
    monkeypatch.setattr(repair, "time", clock)
    driver = stub_of(host)
    repairer = Repairer(host, said.append)
    driver.unkept.add(GUEST)
    driver.hopeless = True
    for _ in range(3):
        repairer.run()
        clock.now += 1
    driver.hopeless = False
    clock.now += LONGEST
    repairer.run()
    assert driver.unkept == set()
    assert pid(host) == before
    assert restarts(host) == 0
    happened = [event.what for event in host.records.events(None)]
    assert happened[:2] == [
        "its keeper was killed, and it has another",
        "attend: no keeper can attach to the guest",
    ]
    driver.unkept.add(GUEST)
    driver.hopeless = True
    changes.deploy(host, deployment(image(host)), "ann", said.append)  # it is in nobody's way


def test_what_changed_in_the_store_is_not_started_again_and_is_named(
    host: Host, said: list[str]
) -> None:
    """A byte that changes on the disk does not run, not even after a restart by the supervisor."""
    changes.deploy(host, deployment(image(host, b"kernel")), "ann", said.append)
    path = host.blobs.path(host.blobs.put(b"kernel", "kernel").digest)
    path.chmod(0o644)
    path.write_bytes(b"kernal")
    assert served(host) == "hello", "what runs goes on"
    kill(host)
    clock_free = Repairer(host, said.append)
    for _ in range(3):
        clock_free.run()
    assert pid(host) is None
    told = [event.what for event in host.records.events(None) if "has changed" in event.what]
    assert len(told) == 1, "it is said once"
    assert told[0].startswith("start: `kernel` has changed since it arrived")
    assert "`kernel` has changed" in host.records.generations()[0].said
    path.write_bytes(b"kernel")
    Repairer(host, said.append).run()
    assert pid(host) is not None


def test_nothing_is_restarted_of_what_changed_meanwhile(host: Host, said: list[str]) -> None:
    """A person is told by name which file it is, before anything is stopped."""
    changes.deploy(host, deployment(image(host, b"kernel")), "ann", said.append)
    path = host.blobs.path(host.blobs.put(b"kernel", "kernel").digest)
    path.chmod(0o644)
    path.write_bytes(b"kernal")
    for change in (changes.restart, changes.roll_back):
        with pytest.raises(UserError):
            change(host, About(app="hello"), "ann", said.append)
    with pytest.raises(UserError, match="`kernel` has changed since it arrived"):
        changes.restart(host, About(app="hello"), "ann", said.append)
    assert served(host) == "hello"


def hasty(asked: Deployment) -> Deployment:
    """The same, asked for health with less patience."""
    health = replace(asked.health, interval=0.05, timeout=0.2, deadline=5.0)
    return replace(asked, health=health)


def stop(host: Host) -> None:
    """Make the guest hang: its process does nothing any more."""
    number = pid(host)
    assert number is not None
    os.kill(number, signal.SIGSTOP)


def answers(host: Host) -> bool:
    try:
        return served(host) == "hello"
    except OSError:
        return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
