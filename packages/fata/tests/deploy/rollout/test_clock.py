"""Clocks that are set by ten years while something is under way: nothing rests on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from fata.deploy import changes
from fata.deploy.drivers.driver import State, Statistics
from fata.deploy.host import Host
from fata.deploy.records.leases import SECONDS, Holder, Lease, Leases
from fata.deploy.records.records import Records
from fata.deploy.repair import Repairer
from fata.deploy.service import Service
from fata.deploy.stages import Stage
from fata.deploy.store.prune import prune
from fata.deploy.watch import Watch
from functoria.error import UserError

from .stub import deployment, image, served

YEARS = 10 * 365 * 86400.0
SERVICE = Service("hello", "production")
JUMPS = pytest.mark.parametrize("years", [YEARS, -YEARS], ids=["forward", "back"])


class Wall:
    """The clock on the wall, which anybody may set."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return _REAL() + self.offset


_REAL = time.time


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(time, "time", made)
    return made


def with_clock(host: Host, wall: Wall, passing: Callable[[str], None] = lambda _: None) -> Host:
    """The host, all of whose parts read that clock."""
    host.records.close()
    return replace(host, records=Records(host.root, wall), clock=wall, passing=passing)


def running(host: Host) -> list[str]:
    return [one.name for one in host.driver.list() if one.state is State.RUNNING]


@JUMPS
def test_a_rollout_goes_on_when_the_clock_jumps_at_each_of_its_steps(
    host: Host, said: list[str], wall: Wall, years: float
) -> None:
    def jump(_step: str) -> None:
        wall.offset = years if wall.offset == 0 else 0.0

    jumping = with_clock(host, wall, jump)
    for text in ("one", "two"):
        changes.deploy(jumping, deployment(image(jumping), text=text), "ann", said.append)
        wall.offset = years
        Repairer(jumping, said.append).run()
        assert served(jumping) == text
    assert [one.stage for one in jumping.records.generations()] == [Stage.RETIRED, Stage.LIVE]
    assert running(jumping) == ["hello.production.g2"]
    jumping.records.close()


@JUMPS
def test_pain_4_a_lease_neither_ends_nor_lasts_longer(host: Host, wall: Wall, years: float) -> None:
    """It is over when its owner is, or gives no sign of life for five minutes."""
    lease = host.records.leases.take(SERVICE, "ann", "deploy")
    assert isinstance(lease, Lease)
    wall.offset = years
    held = host.records.leases.take(SERVICE, "bob", "deploy")
    assert isinstance(held, Holder)
    assert held.owner == "ann"
    host.records.leases.renew(lease)
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    later = Leases(host.records.database, lambda: now + SECONDS + 1)
    assert isinstance(later.take(SERVICE, "bob", "deploy"), Lease)
    with pytest.raises(UserError, match="is being changed by somebody else since"):
        host.records.leases.renew(lease)


@JUMPS
def test_a_guest_is_not_taken_for_dead_nor_restarted(
    host: Host, said: list[str], wall: Wall, years: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fata.deploy.watch.PROBE_SECONDS", 0.01)
    there = with_clock(host, wall)
    changes.deploy(there, deployment(image(there)), "ann", said.append)
    watch, repairer = Watch(there, said.append), Repairer(there, said.append)
    watch.run()
    wall.offset = years
    for _ in range(10):
        watch.run()
        repairer.run()
        time.sleep(0.02)
    assert running(there) == ["hello.production.g1"]
    assert there.records.generations()[0].restarts == 0
    there.records.close()


@JUMPS
def test_what_was_used_is_shown_again_from_then_on(
    host: Host, said: list[str], wall: Wall, years: float
) -> None:
    """Samples of another time are useless, and neither hide the new ones nor stay for ever."""
    samples, used = host.records.samples, Statistics(1.0, 1 << 20)
    changes.deploy(host, deployment(image(host)), "ann", said.append)
    for second in range(3):
        samples.add(SERVICE, 1, wall() + second, used)
    wall.offset = years
    samples.add(SERVICE, 1, wall(), used)
    assert [round(one.at - wall()) for one in samples.of(SERVICE, 0.0)] == [0]


@JUMPS
def test_pain_3_cleaning_up_takes_nothing_that_is_needed(
    host: Host, said: list[str], wall: Wall, years: float
) -> None:
    """What is live or kept is pinned, whatever time it is."""
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    changes.deploy(host, deployment(image(host, b"2"), text="two"), "ann", said.append)
    arrived = image(host, b"3")
    wall.offset = years
    prune(host.root / "store", changes.pinned(host), dry_run=False, now=wall())
    for generation in host.records.generations():
        host.admission.starting(host.blobs, generation.release.manifest, None)
    if years > 0:  # it came ten years ago, as far as anybody can tell
        with pytest.raises(UserError):
            changes.deploy(host, deployment(arrived, text="three"), "ann", said.append)
        assert served(host) == "two"
    image(host, b"3")
    changes.deploy(host, deployment(arrived, text="three"), "ann", said.append)
    assert served(host) == "three"
