"""Several who change one service at once: they take turns, or are told who is at it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fata.deploy import changes
from fata.deploy.agent import push
from fata.deploy.agent.authority import Author
from fata.deploy.agent.requests import About
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.policy import parse
from fata.deploy.records.leases import Lease
from fata.deploy.records.records import Records
from fata.deploy.repair import Repairer
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


APPS = ("a", "b", "c")
Change = Callable[..., object]


def alice(limits: str) -> Author:
    return Author("alice", "alice", parse(f'[users.alice]\napps = ["*"]\n{limits}\n'.encode()))


def asked_for(host: Host, app: str, *, volume: bool = False) -> Change:
    ports = (Port(9000 + APPS.index(app), 80),)
    one = deployment(image(host, volume=volume), app=app, ports=ports, text=app)

    def deploy(there: Host, author: Author) -> object:
        allow = author.allow(there, "deploy")
        return changes.deploy(there, one, author.name, lambda _: None, allow)

    return deploy


def all_at(step: str, root: Path, work: Sequence[Callable[[Host], object]]) -> list[str]:
    """What becomes of changes, a process each, which wait at the step for all of them."""
    (arriving, arrived), (waiting, going) = os.pipe(), os.pipe()
    children = []
    for one in work:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(going)

            def passing(passed: str) -> None:
                if passed == step:
                    os.write(arrived, b".")
                    os.read(waiting, 1)

            try:
                one(stub_host(root, passing))
                os.write(writing, b"live")
            except BaseException as error:
                os.write(
                    writing, (error.what if isinstance(error, UserError) else repr(error)).encode()
                )
            finally:
                os.write(arrived, b".")
                os._exit(0)
        os.close(writing)
        children.append((pid, reading))
    for _ in work:
        os.read(arriving, 1)
    for end in (going, waiting, arriving, arrived):
        os.close(end)
    found = []
    for pid, reading in children:
        with os.fdopen(reading) as file:
            found.append(file.read())
        os.waitpid(pid, 0)
    return found


def running(host: Host) -> list[str]:
    return [one.name for one in host.driver.list() if one.state is State.RUNNING]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ("guests = 1", "alice may have 1 guests at once: 1 in use, 1 more asked for"),
        ('memory = "200MiB"', "alice may have 200MiB of memory: 128MiB in use"),
        ("cpus = 1", "alice may have 1 CPUs: 1 in use"),
        ('disk = "6KiB"', "alice may have 6KiB of volumes: 4KiB in use"),
    ],
)
def test_of_apps_deployed_at_once_only_as_many_go_live_as_their_user_may_have(
    host: Host, limits: str, told: str
) -> None:
    """Each is allowed before any is written down; then the one that is first has what there is."""
    author = alice(limits)
    work = [asked_for(host, app, volume="disk" in limits) for app in APPS]
    found = all_at("stage", host.root, [partial(do, author=author) for do in work])
    assert sorted(one.startswith(told) for one in found) == [False, True, True], found
    assert found.count("live") == 1, found
    assert len(running(host)) == 1
    assert len(host.records.generations()) == 1


@pytest.mark.parametrize("verb", ["rollback", "restart"])
def test_what_is_stopped_does_not_come_back_beyond_what_its_user_may_have(
    host: Host, verb: str
) -> None:
    everything = alice("")
    for app in APPS[:2]:
        do = asked_for(host, app)
        do(host, everything)
        do(host, everything)
        changes.stop(host, About(app=app), "ann", lambda _: None)
    change = changes.roll_back if verb == "rollback" else changes.restart
    author = alice("guests = 1")

    def again(there: Host, app: str) -> object:
        allow = author.allow(there, verb)
        return change(there, About(app=app), author.name, lambda _: None, allow)

    found = all_at("stage", host.root, [partial(again, app=app) for app in APPS[:2]])
    assert found.count("live") == 1, found
    assert any("alice may have 1 guests at once" in one for one in found), found
    assert len(running(host)) == 1


@pytest.mark.parametrize("step", ["start", "live"])
def test_what_was_cut_off_counts_until_it_is_undone(host: Host, step: str) -> None:
    author, (first, second) = alice("guests = 1"), (asked_for(host, app) for app in APPS[:2])

    def passing(passed: str) -> None:
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            first(stub_host(host.root, passing), author)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with pytest.raises(UserError, match="alice may have 1 guests at once: 1 in use"):
        second(host, author)
    Repairer(host, lambda _: None).run()
    second(host, author)
    assert running(host) == ["b.production.g1"]


def test_what_is_to_run_counts_and_what_is_done_does_not(host: Host) -> None:
    """One that crashed is started again by the supervisor; one that has finished is not."""
    author, (first, second) = alice("guests = 1"), (asked_for(host, app) for app in APPS[:2])
    first(host, author)
    host.driver.destroy("a.production.g1")
    with pytest.raises(UserError, match="alice may have 1 guests at once: 1 in use"):
        second(host, author)
    with (host.guests / "a.production.g1" / "console").open("a") as console:
        console.write("fata: exit 0\n")
    second(host, author)
    assert running(host) == ["b.production.g1"]
