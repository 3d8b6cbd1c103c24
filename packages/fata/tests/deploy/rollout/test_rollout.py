"""A rollout: what serves goes on serving until the next one has proved that it can."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from fata.deploy import changes
from fata.deploy.agent.requests import About
from fata.deploy.drivers.driver import State
from fata.deploy.failure import UnhealthyError
from fata.deploy.host import Host
from fata.deploy.service import service_of
from fata.deploy.stages import Stage
from fata.deploy.store.prune import prune
from fata.settings import Port
from functoria.error import UserError

from .stub import deployment, image, served


def stages(host: Host) -> dict[int, Stage]:
    return {one.number: one.stage for one in host.records.generations()}


def running(host: Host) -> list[str]:
    return [one.name for one in host.driver.list() if one.state is State.RUNNING]


def test_the_first_release_goes_live(host: Host, said: list[str]) -> None:
    done = changes.deploy(host, deployment(image(host), text="one"), "ann", said.append)
    assert done is not None
    assert done.guest == "hello.production.g1"
    assert served(host) == "one"
    assert said[0].startswith("image ")
    assert said[1:5] == [
        "start hello.production.g1",
        "ask port 80 for /: 200, 2 times in a row, within 3 s",
        "lead 8080:80 to hello.production.g1",
        "starting hello.production.g1",
    ]
    assert said[-1] == "hello.production.g1 is live"


def test_the_next_one_takes_over_and_the_one_before_is_kept(host: Host, said: list[str]) -> None:
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    changes.deploy(host, deployment(image(host, b"2"), text="two"), "ann", said.append)
    assert served(host) == "two"
    assert stages(host) == {1: Stage.RETIRED, 2: Stage.LIVE}
    assert running(host) == ["hello.production.g2"]
    assert host.driver.console("hello.production.g1").exists()


def test_rolling_back_is_a_rollout_of_the_release_before(host: Host, said: list[str]) -> None:
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    changes.deploy(host, deployment(image(host, b"2"), text="two"), "ann", said.append)
    done = changes.roll_back(host, About(app="hello"), "ann", said.append)
    assert (done.number, served(host)) == (3, "one")
    assert stages(host) == {1: Stage.RETIRED, 2: Stage.RETIRED, 3: Stage.LIVE}


@pytest.mark.parametrize(
    ("behaviour", "why", "told"),
    [
        ("500", "was not healthy within 3 s", "answered 500"),
        ("silent", "was not healthy within 3 s", "refused"),
        ("crash", "ended before it was healthy", "exit code 70 (uncaught exception)"),
        ("usage", "ended before it was healthy", "exit code 64 (bad boot argument)"),
    ],
)
def test_what_serves_goes_on_serving_when_the_next_one_fails(
    host: Host, said: list[str], behaviour: str, why: str, told: str
) -> None:
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    said.clear()
    with pytest.raises(UnhealthyError, match=why) as caught:
        changes.deploy(host, deployment(image(host, b"2"), behaviour), "ann", said.append)
    assert "hello.production.g1 still serves" in caught.value.what
    assert any(told in line for line in said), said
    assert "  | hello from the guest" in said, "the end of its console"
    assert served(host) == "one"
    assert stages(host) == {1: Stage.LIVE, 2: Stage.FAILED}
    assert running(host) == ["hello.production.g1"]
    assert host.driver.console("hello.production.g2").exists(), "kept for inspection"


def test_one_that_answers_and_then_dies_is_replaced_by_the_one_before(
    host: Host, said: list[str]
) -> None:
    first = deployment(image(host, b"1"), text="one")
    patient = replace(first, health=replace(first.health, drain=20.0))
    changes.deploy(host, patient, "ann", said.append)
    (host.root / "connections").write_text("3")
    with pytest.raises(UnhealthyError, match="did not stay healthy"):
        changes.deploy(host, deployment(image(host, b"2"), "lives-2"), "ann", said.append)
    assert served(host) == "one"
    assert stages(host) == {1: Stage.LIVE, 2: Stage.FAILED}
    assert "hello.production.g1 serves again" in said


def test_a_connection_that_shows_late_is_not_cut(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = deployment(image(host, b"1"), text="one")
    patient = replace(first, health=replace(first.health, drain=20.0))
    changes.deploy(host, patient, "ann", said.append)
    found = [0, 1, 0, 0]
    monkeypatch.setattr(host.traffic, "connections", lambda ends: found.pop(0))
    changes.deploy(host, deployment(image(host, b"2"), text="two"), "ann", said.append)
    assert found == []
    assert running(host) == ["hello.production.g2"]


def test_a_console_that_is_flooded_does_nothing_to_the_terminal(
    host: Host, said: list[str]
) -> None:
    with pytest.raises(UnhealthyError):
        changes.deploy(host, deployment(image(host), "flood"), "ann", said.append)
    shown = [line for line in said if line.startswith("  | line")]
    assert shown
    assert all(line.isprintable() for line in said)


def test_an_app_with_a_volume_is_stopped_first_and_the_plan_says_so(
    host: Host, said: list[str]
) -> None:
    first = deployment(image(host, b"1", volume=True), text="one")
    changes.deploy(host, first, "ann", said.append)
    said.clear()
    second = deployment(image(host, b"2", volume=True), text="two")
    changes.deploy(host, second, "ann", said.append)
    assert said[1].startswith("stop hello.production.g1: it owns a volume")
    assert said.index("stopping hello.production.g1: two cannot own its volume") < said.index(
        "starting hello.production.g2"
    )
    assert served(host) == "two"


def test_an_app_with_a_volume_is_started_again_when_the_next_one_fails(
    host: Host, said: list[str]
) -> None:
    first = deployment(image(host, b"1", volume=True), text="one")
    changes.deploy(host, first, "ann", said.append)
    broken = deployment(image(host, b"2", volume=True), "500")
    with pytest.raises(UnhealthyError, match="g1 is started again"):
        changes.deploy(host, broken, "ann", said.append)
    assert served(host) == "one"
    assert running(host) == ["hello.production.g1"]


def test_pain_4_two_deploys_at_once_take_turns(host: Host, said: list[str]) -> None:
    """The lock is a lease with an owner, and says who has it."""
    service = service_of("hello", "production")
    held = host.records.leases.take(service, "bob", "deploy 123")
    with pytest.raises(UserError, match=r"is being changed by bob \(deploy 123\)"):
        changes.deploy(host, deployment(image(host)), "ann", said.append)
    with pytest.raises(UserError, match="is being changed by bob"):
        changes.deploy(host, deployment(image(host), wait=0.2), "ann", said.append)
    assert "waiting for bob (deploy 123)" in said
    host.records.leases.give_back(held)  # type: ignore[arg-type]
    changes.deploy(host, deployment(image(host), wait=5.0), "ann", said.append)


def test_a_port_that_another_app_has_is_refused_before_anything_starts(
    host: Host, said: list[str]
) -> None:
    changes.deploy(host, deployment(image(host)), "ann", said.append)
    with pytest.raises(UserError, match="leads to hello"):
        changes.deploy(host, deployment(image(host), app="other"), "ann", said.append)
    asked = deployment(image(host), app="other", ports=(Port(1, 80),))
    with pytest.raises(UserError, match="port 1 is in use"):
        changes.deploy(host, asked, "ann", said.append)
    assert running(host) == ["hello.production.g1"]


def test_a_dry_run_tells_the_plan_and_does_nothing(host: Host, said: list[str]) -> None:
    assert changes.deploy(host, deployment(image(host), dry_run=True), "ann", said.append) is None
    assert "start hello.production.g1" in said
    assert host.records.generations() == ()
    assert host.driver.list() == ()


def test_a_release_is_stopped_started_again_and_removed(host: Host, said: list[str]) -> None:
    about = About(app="hello")
    changes.deploy(host, deployment(image(host), text="one"), "ann", said.append)
    changes.stop(host, about, "ann", said.append)
    assert running(host) == []
    assert host.traffic.routes() == ()
    changes.restart(host, about, "ann", said.append)
    assert served(host) == "one"
    changes.remove(host, about, "ann", said.append)
    assert running(host) == []
    assert host.records.generations() == ()
    assert not list(host.guests.glob("hello*"))
    with pytest.raises(UserError, match="this host has no `hello`"):
        changes.restart(host, about, "ann", said.append)


def test_pain_3_rolling_back_is_possible_after_cleaning_up(host: Host, said: list[str]) -> None:
    """What a release that is kept needs is pinned."""
    for kernel in (b"1", b"2", b"3", b"4", b"5", b"6"):
        changes.deploy(host, deployment(image(host, kernel), keep=2), "ann", said.append)
    later = time.time() + 10_000
    done = prune(host.root / "store", changes.pinned(host), dry_run=False, now=later)
    assert len(done["removed"]) == 6, "the kernels and manifests of the first three"  # type: ignore[arg-type]
    assert sorted(path.name for path in host.guests.glob("hello*")) == [
        f"hello.production.g{number}" for number in (4, 5, 6)
    ]
    changes.roll_back(host, About(app="hello", generation=4), "ann", said.append)
    with pytest.raises(UserError, match="no generation g1 to return to"):
        changes.roll_back(host, About(app="hello", generation=1), "ann", said.append)


def test_a_byte_that_changed_in_the_store_is_refused_and_named(host: Host, said: list[str]) -> None:
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    second = image(host, b"2")
    changes.deploy(host, deployment(second, text="two"), "ann", said.append)
    kernel = host.blobs.put(b"1", "kernel")
    path = host.blobs.path(kernel.digest)
    path.chmod(0o644)
    path.write_bytes(b"x")
    with pytest.raises(UserError, match="`kernel` has changed since it arrived"):
        changes.roll_back(host, About(app="hello"), "ann", said.append)
    assert served(host) == "two"
