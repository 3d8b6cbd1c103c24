"""SIGKILL at every step of a rollout: afterwards one release is live, and nothing is left over.

Each case runs a rollout in a process of its own, which is killed before a step; then a supervisor
looks once, as it does each second. Steps are not listed by hand: they are those that a rollout
passes.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from fata.deploy import changes
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.repair import Repairer
from fata.deploy.stages import OVER, Stage
from functoria.error import UserError

from .stub import deployment, image, served, stub_host


def steps_of(room: Path, *, volume: bool, behaviour: str) -> list[str]:
    """The steps that a second deployment passes."""
    passed: list[str] = []
    host = prepared(room, volume=volume)
    watched = stub_host(room, passed.append)
    deploy(watched, volume=volume, behaviour=behaviour)
    end(host)
    return passed


def prepared(room: Path, *, volume: bool) -> Host:
    """A host on which the first release is live."""
    host = stub_host(room)
    first = deployment(image(host, b"1", volume=volume), text="one")
    changes.deploy(host, first, "ann", lambda _: None)
    return host


def deploy(host: Host, *, volume: bool, behaviour: str) -> None:
    asked = deployment(image(host, b"2", volume=volume), behaviour, text="two")
    try:
        changes.deploy(host, asked, "ann", lambda _: None)
    except UserError:
        assert behaviour, "a release that is healthy goes live"


def killed_at(room: Path, number: int, *, volume: bool, behaviour: str) -> None:
    """Run the deployment in a process that is killed before its step of that number."""
    count = 0

    def passing(_step: str) -> None:
        nonlocal count
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

    child = os.fork()
    if child == 0:
        try:
            deploy(stub_host(room, passing), volume=volume, behaviour=behaviour)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the step was passed"


def end(host: Host) -> None:
    for one in host.driver.list():
        host.driver.destroy(one.name)
    host.records.close()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("volume", "behaviour"), [(False, ""), (True, ""), (False, "500"), (True, "500")]
)
def test_whoever_is_killed_when_one_release_is_live_afterwards(
    tmp_path: Path, volume: bool, behaviour: str
) -> None:
    steps = steps_of(tmp_path / "whole", volume=volume, behaviour=behaviour)
    assert len(steps) > 4
    for number, step in enumerate(steps):
        room = tmp_path / f"{number}-{step}"
        end_later = prepared(room, volume=volume)
        killed_at(room, number, volume=volume, behaviour=behaviour)
        host = stub_host(room)
        repairer = Repairer(host, lambda _: None)
        repairer.run()
        repairer.run()
        check(host, step)
        end_later.records.close()
        end(host)


def check(host: Host, step: str) -> None:
    generations = host.records.generations()
    live = [one for one in generations if one.stage is Stage.LIVE]
    rest = [one for one in generations if one.stage is not Stage.LIVE]
    assert len(live) == 1, (step, generations)
    assert all(one.stage in OVER for one in rest), (step, generations)
    running = [one.name for one in host.driver.list() if one.state is State.RUNNING]
    assert running == [live[0].guest], (step, "no guest is orphaned")
    (route,) = host.traffic.routes() or ()
    assert route.guest == live[0].guest, (step, "its port leads to what is live")
    service = live[0].service
    assert host.records.leases.holder(service) is None, (step, "no lease is orphaned")
    assert host.secrets.guests() == ()
    wait_served(host, "one" if live[0].number == 1 else "two", step)


def wait_served(host: Host, text: str, step: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            assert served(host) == text, step
            return
        except OSError:
            assert time.monotonic() < deadline, step
            time.sleep(0.05)
