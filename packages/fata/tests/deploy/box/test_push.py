"""`git push box main`: built, tested and deployed by the host, with the real git and ssh."""

from __future__ import annotations

from typing import Any

import pytest

from .room import Room, until
from .work import Work

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("push"),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, room: Room) -> Work:
    """A project; on the host a kernel, which it would get from apt."""
    room.give_kernels("talker")
    # The host takes only what she has signed; and what it has built itself.
    public = (room.home / ".ssh" / "id_ed25519.pub").read_text()
    (room.state / "allowed_signers").write_text(f"ann@example.com {public}")
    return Work(tmp_path_factory.mktemp("work") / "talker", room)


def service(room: Room) -> Any:
    (found,) = room.status()["services"]  # type: ignore[misc]
    return found


def test_a_push_is_tested_built_signed_and_deployed(work: Work, room: Room) -> None:
    """One story: each step begins where the one before has ended."""
    done = room.fata("host", "remote", project=work.directory)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ssh://box/var/lib/fata/repositories/talker.git\n"
    assert "`git push box main` deploys to production" in done.stderr
    again = room.fata("host", "remote", project=work.directory)
    assert (again.returncode, again.stdout) == (0, done.stdout)

    it_goes_live(work, room)
    what_fails_changes_nothing(work, room)
    a_branch_without_environment_is_kept(work, room)
    a_push_waits_for_a_deployment(work, room)


def it_goes_live(work: Work, room: Room) -> None:
    code, said = work.push()
    assert code == 0, said
    assert room.get() == "hello"
    assert work.there() == work.git("rev-parse", "HEAD")
    lines = [line.removeprefix("remote:").strip() for line in said.splitlines()]
    stages = [line for line in lines if line.startswith("== ")]
    assert stages == [
        f"== {name}"
        for name in ("checkout", "set-up", "test", "fetch", "build", "verify", "deploy")
    ]
    # The tests ran as a user of no rights, with no network but its own loopback.
    # Of fata's own files they saw themselves, and fata.
    at = lines.index("fata-build")
    assert lines[at : at + 4] == ["fata-build", "1", "build", "tool"]
    assert any(line.startswith("image ") and "signed by this-host" in line for line in lines)
    assert "talker.production.g1 is live" in lines


def what_fails_changes_nothing(work: Work, room: Room) -> None:
    before = work.there()
    work.edit("import talker", "import walker", "test_talker.py")
    work.commit()
    code, said = work.push()
    assert code == 1
    assert "No module named 'walker'" in said, said
    assert "== build" not in said, said
    assert "remote rejected" in said, said

    work.edit("import walker", "import talker", "test_talker.py")
    work.edit('STRING, "serve"', 'STRING, "fail"')
    work.settings(deadline="30s")
    work.commit()
    code, said = work.push()
    assert code == 1
    assert "500 Internal Server Error" in said, said
    assert "talker.production.g1 still serves" in said, said
    assert work.there() == before
    assert room.get() == "hello"

    work.edit('STRING, "fail"', 'STRING, "serve"')
    work.settings()


def a_branch_without_environment_is_kept(work: Work, room: Room) -> None:
    work.git("checkout", "--quiet", "-b", "draft")
    kept = work.commit()
    code, said = work.push("draft")
    assert code == 0, said
    assert "draft is kept; no environment is deployed from it" in said, said
    assert work.there("draft") == kept
    assert service(room)["live"] == 1


def a_push_waits_for_a_deployment(work: Work, room: Room) -> None:
    """While one who deploys by hand is at work, what is pushed is built, and then waits."""
    work.git("checkout", "--quiet", "main")
    work.git("merge", "--quiet", "draft")
    for words in (("configure", "-t", "virtio"), ("build",)):
        assert room.fata(*words, project=work.directory).returncode == 0
    work.edit('STRING, "hello"', 'STRING, "pushed"')
    work.commit()
    by_hand = work.directory / "fata.toml"
    text = by_hand.read_text()
    by_hand.write_text(text.replace('deadline = "60s"', 'deadline = "90s"\ntext = "never"'))
    with room.start("deploy", "--no-build", project=work.directory) as deploying:
        until(lambda: len(room.guests()) == 2)
        by_hand.write_text(text)
        code, said = work.push()
        deploying.communicate(timeout=600)
    assert deploying.returncode == 1
    assert code == 0, said
    assert "waiting" in said, said
    assert room.get() == "pushed"
    assert work.there() == work.git("rev-parse", "HEAD")
