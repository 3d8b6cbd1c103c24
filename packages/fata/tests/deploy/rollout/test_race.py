"""Several who change one service at once: they take turns, or are told who is at it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fata.deploy import changes
from fata.deploy.agent import push
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.records.leases import Lease
from fata.deploy.records.records import Records
from fata.deploy.service import Service
from fata.deploy.stages import OVER, Stage
from fata.settings import Environment, Health, Kind, Port
from functoria.error import UserError

from .stub import deployment, image, served, stub_host

SERVICE = Service("hello", "production")
MANY = 5


def at_once(root: Path, wait: float) -> list[str]:
    """What becomes of as many deployments, each in a process of its own, that begin together."""
    manifest = image(stub_host(root))
    gate, children, found = os.pipe(), [], []
    for number in range(MANY):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(gate[1])
            os.read(gate[0], 1)
            os.write(writing, outcome(root, manifest, number, wait).encode())
            os._exit(0)
        os.close(writing)
        children.append((pid, reading))
    for end in gate:
        os.close(end)
    for pid, reading in children:
        with os.fdopen(reading) as file:
            found.append(file.read())
        os.waitpid(pid, 0)
    return found


def outcome(root: Path, manifest: str, number: int, wait: float) -> str:
    said: list[str] = []
    try:
        asked = deployment(manifest, text=f"text-{number}", wait=wait)
        done = changes.deploy(stub_host(root), asked, f"user{number}", said.append)
        return "" if done is None else done.guest
    except UserError as error:
        return error.what
    except BaseException as error:
        return repr(error)


def one_is_live(host: Host) -> None:
    generations = host.records.generations()
    live = [one for one in generations if one.stage is Stage.LIVE]
    assert len(live) == 1
    assert all(one.stage in OVER for one in generations if one is not live[0])
    running = [one.name for one in host.driver.list() if one.state is State.RUNNING]
    assert running == [live[0].guest]
    assert served(host).startswith("text-")
    assert host.records.leases.holder(SERVICE) is None


def test_pain_4_b2_of_deployments_at_once_one_goes_on_and_the_others_are_told(host: Host) -> None:
    """A race between two that deploy has one winner, and the loser knows to whom."""
    found = at_once(host.root, 0.0)
    won = [one for one in found if one.startswith("hello.production.g")]
    assert won
    rest = [one for one in found if one not in won]
    assert all("hello.production is being changed by user" in one for one in rest), rest
    one_is_live(host)


def test_b1_b2_deployments_at_once_that_wait_go_live_one_after_the_other(host: Host) -> None:
    """None takes away what another has brought, and none is lost."""
    found = at_once(host.root, 120.0)
    assert sorted(found) == [f"hello.production.g{number}" for number in range(1, MANY + 1)]
    one_is_live(host)


def test_pain_4_a_push_waits_for_a_deployment_and_says_for_whom(
    host: Host, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build is over by then; only what changes the service waits."""
    lease = host.records.leases.take(SERVICE, "bob", "deploy 0123")
    assert isinstance(lease, Lease)

    def opened(root: Path) -> Host:
        return replace(stub_host(root), sleep=lambda _: host.records.leases.give_back(lease))

    monkeypatch.setattr(push, "open_host", opened)
    monkeypatch.setattr(push.supervisor, "ensure", lambda _root: None)
    (host.root / "keys").mkdir()
    dist = tmp_path / "dist"
    dist.mkdir()
    shutil.copy(host.blobs.path(image(host)), dist / "manifest.json")
    for name in ("kernel", "root"):
        (dist / name).write_bytes(name.encode())
    health = Health(Kind.HTTP, 80, successes=1, interval=0.05, timeout=1.0, deadline=10.0)
    production = Environment("production", ports=(Port(8080, 80),), health=health)
    assert push._deploy(host.root, dist, "hello", production, said.append) == 0
    assert "waiting for bob (deploy 0123)" in said
    assert said.index("waiting for bob (deploy 0123)") < said.index("starting hello.production.g1")
    assert served(host) == "hello"


def test_pain_11_one_who_hangs_too_long_changes_nothing_any_more(
    host: Host, said: list[str]
) -> None:
    """Whoever wakes up after the lease is another's is refused before any effect."""
    changes.deploy(host, deployment(image(host), text="text-1"), "ann", said.append)

    def overtaken(step: str) -> None:
        if step == "live":
            other = Records(host.root)
            other.database.execute("UPDATE leases SET renewed = renewed - 1000")
            assert isinstance(other.leases.take(SERVICE, "bob", "deploy"), Lease)
            other.close()

    slow = replace(stub_host(host.root), passing=overtaken)
    with pytest.raises(UserError, match="is being changed by somebody else since"):
        changes.deploy(slow, deployment(image(host), text="text-2"), "ann", said.append)
    slow.records.close()
    assert served(host) == "text-1"
    assert [one.number for one in host.records.generations() if one.stage is Stage.LIVE] == [1]
