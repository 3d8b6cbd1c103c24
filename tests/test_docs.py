"""What the documentation says to type is typed, and what it shows is true."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from fata.project import load
from fata.qemu.wait import wait_http
from tests.conftest import ROOT, MakeProject, Project, StartRun

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("packages/*/README.md")])


PORT = 18480
"""What stands for the README's 8080, which something else on this machine may have.

It lies below the ports that the kernel gives to outgoing connections."""


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


CONFIGURATIONS = [
    (page, number)
    for page in ("docs/configuration.md", "docs/devices.md")
    for number, text in enumerate(blocks(page, "python"))
    if "fata.dsl" in text
]


@pytest.mark.parametrize(("page", "number"), CONFIGURATIONS)
def test_configurations_in_the_manual_are_configurations(
    tmp_path: Path, page: str, number: int
) -> None:
    text = blocks(page, "python")[number]
    if "register(" not in text:
        text += '\nfrom fata.dsl import main, register\nregister("x", main("x:start"))\n'
    (tmp_path / "config.py").write_text(text)
    assert load(tmp_path / "config.py", {"target": "virtio"}, {}).graph.nodes


@pytest.mark.e2e
def test_the_commands_of_the_page_on_the_command(project: MakeProject) -> None:
    made = project("website")
    for block in blocks("docs/command.md", "sh"):
        for command in commands(block):
            made.ok(*command[1:])


def commands(block: str) -> list[list[str]]:
    lines = [line.partition("#")[0].strip() for line in block.splitlines()]
    parts = [part.strip() for line in lines if line for part in line.split("&&")]
    return [shlex.split(part) for part in parts]


@pytest.mark.e2e
def test_the_readme_as_written(tmp_path: Path, running: StartRun) -> None:
    begin, rest = blocks("README.md", "sh")[1:3]
    steps = commands(begin)
    assert steps.pop(0) == [".", ".venv/bin/activate"]
    here = Project(tmp_path)
    for command in steps:
        if command[0] == "cd":
            here = Project(here.directory / command[1])
        elif command == ["fata", "run"]:
            _answers(here, running, "--", f"--port={PORT}", port=PORT)
        elif command == ["fata", "run", "-p", "8080:80"]:
            _answers(here, running, "-p", f"{PORT}:80", port=PORT)
        else:
            here.ok(*command[1:])
    expected = blocks("README.md", "python")[0]
    assert (here.directory / "config.py").read_text() == expected
    for command in commands(rest):
        assert command[0] == "fata"
        if command[1] != "clean":
            here.ok(*command[1:])
    here.ok("clean")


def _answers(project: Project, running: StartRun, *arguments: str, port: int) -> None:
    run = running(project, *arguments)
    reply = wait_http(port, "/?name=reader", 120)
    assert json.loads(reply.body) == {"hello": "reader"}
    assert run.interrupt() == 130


@pytest.mark.e2e
def test_the_commands_of_the_page_on_images(project: MakeProject) -> None:
    built = project("asgi").built()
    for command in commands(blocks("docs/images.md", "sh")[0]):
        assert built.ok(*command[1:]).out


@pytest.mark.e2e
def test_the_page_on_running(project: MakeProject, running: StartRun) -> None:
    website = project("website").built("-t", "unix")
    table, *starts = commands(blocks("docs/running.md", "sh")[0])
    assert "--port=PORT" in website.ok(*table[1:]).out
    for command in starts:
        words = [word.replace("8080", str(PORT + 1)) for word in command[2:]]
        run = running(website, *words)
        assert wait_http(PORT + 1, "/", 60).status == 200
        assert run.interrupt() == 130
    refused, traceback = blocks("docs/running.md", "text")
    assert website.fata("run", "--", "--port=http").err == refused
    website.write("website.py", "\n" * 7 + _FAILING)
    assert website.fata("run").err == traceback.replace(
        '  File "website.py", line 9, in start\n',
        f'  File "{website.directory}/website.py", line 9, in start\n    {_RAISE}\n',
    ).replace(", in website\n", f", in website\n    {_REGISTER}\n")


_RAISE = 'raise ValueError("no such page")'
_FAILING = f"async def start(site, http):\n    {_RAISE}\n"
_REGISTER = 'register("website", website(kv_ro("site"), http_server()))'
