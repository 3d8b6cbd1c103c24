"""A user behind the gate of a host: what they are allowed they get, and not a bit more."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from .client import Client
from .conftest import Project
from .room import Room
from .work import Work

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200), pytest.mark.xdist_group("push")]
HERE = Path(__file__).parent
LIMITS = {
    "--app": ("talker*", "notes*"),
    "--env": ("production",),
    "--guests": ("3",),
    "--memory": ("200MiB",),
    "--cpus": ("3",),
    "--disk": ("1536KiB",),
    "--bridge": ("fata0",),
    "--ports": ("8000-8099",),
}
STAGING = '[environments.staging]\nhost = "box"\n'


@pytest.fixture(scope="module")
def alice(room: Room) -> Client:
    """She has a key, and is allowed what `LIMITS` say."""
    made = room.visitor("alice")
    told = allow(room, made, LIMITS)
    assert "alice may deploy, logs, push, restart, rollback, secrets, stop: " in told
    assert "memory 200MiB at most" in told
    return made


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory, alice: Client) -> Project:
    return Project(tmp_path_factory.mktemp("project") / "talker", alice)


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory, alice: Client) -> Project:
    """It has a volume of 1 MiB."""
    return Project(tmp_path_factory.mktemp("project") / "notes", alice, HERE / "notes")


def allow(room: Room, user: Client, limits: Mapping[str, tuple[str, ...]]) -> str:
    words = [word for name, values in limits.items() for value in values for word in (name, value)]
    done = room.fata("host", "allow", "alice", str(user.public), "--to", room.name, *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


def refused(done: subprocess.CompletedProcess[str], told: str) -> None:
    """The command has failed, and says why and where."""
    assert done.returncode == 1, done.stderr
    assert told in done.stderr
    assert "/var/lib/fata/policy.toml:" in done.stderr


def written_down(room: Room, *told: str) -> None:
    """The last requests of hers that failed are in the log, with what she was told."""
    found = [one for one in audited(room) if one["result"] in ("refused", "failed")]
    for one, words in zip(found[-len(told) :], told, strict=True):
        assert one["who"] == "alice"
        assert words in str(one["why"])


def audited(room: Room) -> list[Mapping[str, object]]:
    done = room.fata("audit", "--to", room.name, "--json")
    assert done.returncode == 0, done.stderr
    entries: list[Mapping[str, object]] = json.loads(done.stdout)["entries"]
    return entries


def last(room: Room, verb: str) -> tuple[object, object]:
    """Who made the last request of that kind, and how it ended."""
    one = [one for one in audited(room) if one["verb"] == verb][-1]
    return one["who"], one["result"]


def test_a_user_deploys_within_their_limits(
    room: Room, alice: Client, talker: Project, notes: Project
) -> None:
    """What they do is written down as theirs, and each sees what is theirs."""
    talker.settings("--say=mine", more='memory = "96MiB"')
    assert talker.live() == "talker.production.g1"
    assert room.get() == "mine"
    notes.settings("--say=noted", more='memory = "64MiB"', ports="8081:80")
    assert notes.live() == "notes.production.g1"
    assert room.get(8081) == "noted"
    talker.settings("--say=changed", more='memory = "96MiB"')
    assert talker.live() == "talker.production.g2"
    assert room.get() == "changed"
    assert last(room, "deploy") == ("alice", "done")
    assert '"author": "alice"' in talker.fata("status", "--json")
    shell = subprocess.run(
        [alice.programs / "ssh", room.name, "id"], capture_output=True, text=True, check=False
    )
    assert shell.returncode == 1
    assert shell.stdout == ""
    assert "alice has no shell on this host" in shell.stderr


def test_each_limit_holds(room: Room, talker: Project, notes: Project) -> None:
    two = ("--app", "talker-two")
    cases: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
        ('memory = "201MiB"', "8080:80", (), "alice may have 200MiB of memory: 64MiB in use"),
        (
            *('memory = "64MiB"', "8082:80", two),
            "alice may have 200MiB of memory: 160MiB in use, 64MiB more asked for",
        ),
        ("cpus = 3", "8080:80", (), "alice may have 3 CPUs: 1 in use, 3 more asked for"),
        (
            *('memory = "32MiB"\ncpus = 2', "8082:80", two),
            "alice may have 3 CPUs: 2 in use, 2 more asked for",
        ),
        ('memory = "96MiB"', "9090:80", (), "alice may not have port 9090 of the host"),
        ("", "8080:80", ("--app", "other"), "`other` is no app of alice"),
        ("", "8080:80", ("--env", "staging"), "`staging` is no environment of alice"),
    )
    for more, ports, words, told in cases:
        talker.settings("--say=too much", more=more, ports=ports, health=f"\n{STAGING}")
        refused(talker.deploy(*words), told)
    notes.settings("--say=noted", more='memory = "32MiB"', ports="8082:80")
    disks = "alice may have 1536KiB of volumes: 1MiB in use, 1MiB more asked for"
    refused(notes.deploy("--app", "notes-two"), disks)
    written_down(room, *(told for *_, told in cases), disks)
    assert room.get() == "changed"


def test_limits_that_become_tighter_hold_for_what_is_there(
    room: Room, alice: Client, talker: Project
) -> None:
    restarts = (
        ("--guests", "2", "alice may have 2 guests at once: 2 in use, 1 more asked for"),
        ("--memory", "128MiB", "alice may have 128MiB of memory: 64MiB in use, 96MiB more"),
        ("--bridge", "other0", "alice may not use the bridge `fata0`"),
    )
    for option, value, told in restarts:
        allow(room, alice, {**LIMITS, option: (value,)})
        refused(alice.fata("restart", project=talker.directory), told)
    allow(room, alice, {**LIMITS, "--may": ("stop",)})
    refused(talker.deploy(), "alice may not deploy")
    allow(room, alice, LIMITS)
    removing = alice.fata("remove", "--yes", project=talker.directory)
    refused(removing, "alice may not remove apps")
    refused(alice.fata("prune", project=talker.directory), "`prune` is for administrators")
    written_down(
        room,
        *(told for *_, told in restarts),
        *("alice may not deploy", "alice may not remove apps", "`prune` is for administrators"),
    )
    assert room.get() == "changed"
    assert room.get(8081) == "noted"


def test_what_a_user_brings_is_signed_by_whom_it_has_to_be(
    room: Room, alice: Client, talker: Project
) -> None:
    bob = room.visitor("bob")
    names = {"alice@example.com": alice, "bob@example.com": bob}
    lines = [f"{name} {client.public.read_text()}" for name, client in names.items()]
    (room.state / "allowed_signers").write_text("".join(lines))
    allow(room, alice, {**LIMITS, "--signer": ("alice@example.com",)})
    talker.settings("--say=signed", more='memory = "96MiB"')
    assert talker.deploy("--dry-run").returncode == 0

    other = talker.deploy("--no-sign")
    assert other.returncode == 1
    assert "the image is not signed, and this host runs only what is" in other.stderr
    alice.more = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "gpg.format",
        "GIT_CONFIG_VALUE_0": "ssh",
        "GIT_CONFIG_KEY_1": "user.signingkey",
        "GIT_CONFIG_VALUE_1": str(bob.public.with_suffix("")),
    }
    told = "what alice deploys has to be signed by alice@example.com, and is by bob@example.com"
    refused(talker.deploy(), told)
    written_down(room, told)
    alice.more = {}
    (room.state / "allowed_signers").unlink()
    allow(room, alice, LIMITS)


def test_a_push_has_the_limits_of_who_pushes(
    room: Room, alice: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    room.give_kernels("talker")
    work = Work(tmp_path_factory.mktemp("work") / "talker", alice)
    work.edit('"hello"', '"pushed"')
    done = alice.fata("host", "remote", project=work.directory)
    assert done.returncode == 0, done.stderr
    work.git("remote", "add", "another", done.stdout.strip().replace("talker", "other"))
    with work.start("push", "another", "main") as child:
        said, _ = child.communicate(timeout=120)
    assert child.returncode != 0
    assert "`other` is no app of alice" in said, said
    assert "== " not in said

    work.settings(memory="201MiB")
    work.commit()
    code, said = work.push()
    assert code == 1
    assert "== deploy" in said, said
    assert "alice may have 200MiB of memory: 64MiB in use, 201MiB more asked for" in said, said
    assert "remote rejected" in said
    assert last(room, "push") == ("alice", "failed")
    assert room.get() == "changed"

    work.settings(memory="96MiB")
    work.commit()
    code, said = work.push()
    assert code == 0, said
    assert room.get() == "pushed"
    assert last(room, "push") == ("alice", "done")
