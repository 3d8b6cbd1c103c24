"""`fata host` and `fata doctor --host` as their user sees them."""

from __future__ import annotations

import shlex
from pathlib import Path

from fata.cli.entry import run
from functoria.testing import check

from .hosts import FakeHost, fresh_answers

HERE = Path(__file__).parent


def test_transcript(host: FakeHost, tmp_path: Path) -> None:
    def refused(arguments: list[str]) -> int:
        """`fata`, where the host does not know the user's key."""
        host.refuses("admin@web1: Permission denied (publickey).\n")
        return run(arguments)

    def no_sudo(arguments: list[str]) -> int:
        """`fata`, where sudo wants a password."""
        host.answers({**fresh_answers(), "true": (1, "", "sudo: a password is required\n")})
        return run(arguments)

    programs = {"fata": run, "fata-without-sudo": no_sudo, "fata-without-key": refused}
    check(HERE / "transcript.txt", tmp_path, programs)


def test_the_commands_of_the_page_on_hosts(host: FakeHost) -> None:
    page = (HERE.parents[3] / "docs" / "hosts.md").read_text()
    block = page.partition("```sh\n")[2].partition("```")[0]
    commands = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert len(commands) == 5
    for program, *words in commands:
        assert program == "fata"
        setup = words[0] == "host"
        assert run([*words, "--dry-run"] if setup else words) == (0 if setup else 1)
