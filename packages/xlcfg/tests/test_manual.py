"""What the manual of the package says is so."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from xlcfg import check_text
from xlcfg.cli import main
from xlcfg.rules import ALL

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(2))
def test_the_programs_of_the_readme_run(number: int) -> None:
    exec(compile(blocks("python")[number], "README.md", "exec"), {})  # noqa: S102 - the manual


def test_the_commands_of_the_readme_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    guest = 'name = "web"\nkernel = "/srv/web"\nmemory = 64\n'
    Path("web.xl").write_text(guest)
    Path("web2.xl").write_text(guest)
    Path("web.xl.in").write_text('name = "@NAME@"\nkernel = "@KERNEL@"\nmemory = @MEMORY@\n')
    lines = [line.partition("#")[0] for line in blocks("sh")[0].splitlines()]
    commands = [shlex.split(line) for line in lines if line]
    assert len(commands) == 10
    for command in commands:
        assert command.pop(0) == "xlcfg"
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            assert main(command) == 0, command
    assert Path("web2.xl").read_text().startswith('name = "web"')


def test_the_finding_of_the_readme() -> None:
    (found,) = check_text('name = "web"\nkernel = "/k"\nmemory = "64M"\n')
    assert found.show("web.xl") == blocks("text")[0].strip()


def test_the_table_of_rules_is_that_of_the_program() -> None:
    rows = re.findall(r"^\| ([a-z-]+) \|", (ROOT / "docs" / "rules.md").read_text(), re.MULTILINE)
    assert rows == ["rule", "---", *(rule.name for rule in ALL)]
    for rule in ALL:
        row = f"| {rule.name} | {rule.severity.value} | {rule.meaning} | {rule.xl.value} |"
        assert row in (ROOT / "docs" / "rules.md").read_text()


def test_every_weakness_of_the_readme_has_a_test() -> None:
    tests = (ROOT / "tests" / "test_weaknesses.py").read_text()
    for number in range(1, 11):
        assert f"(W{number})" in README.replace("\n", " ")
        assert f"def test_w{number}_" in tests
