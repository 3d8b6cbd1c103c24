"""Imports by computed names: named in the configuration, or found by watching a run."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from tests.conftest import FATA, MakeProject, Project

pytestmark = pytest.mark.e2e

PLUGINS = """\
import importlib

async def start():
    for kind in ("csv", "json"):
        module = importlib.import_module("plugins." + kind + "_reader")
        print("loaded", module.__name__, module.NAME)
"""


def with_plugins(project: Project, extra: str = "") -> Project:
    project.write(
        "config.py",
        f'from fata.dsl import main, register\nregister("readers", main("readers:start"{extra}))\n',
    )
    project.write("readers.py", PLUGINS)
    project.write("plugins/csv_reader.py", "import csv\nNAME = csv.__name__\n")
    project.write("plugins/json_reader.py", "import json\nNAME = json.__name__\n")
    return project


def test_without_help_the_guest_says_what_to_add(project: MakeProject) -> None:
    result = with_plugins(project()).built().fata("run")
    assert result.code == 70
    assert "No module named 'plugins'" in result.out


def test_modules_that_are_named_are_in_the_image(project: MakeProject) -> None:
    made = with_plugins(project(), ', include=["plugins.*"]').built()
    out = made.ok("run").out
    assert "loaded plugins.csv_reader csv" in out
    assert "loaded plugins.json_reader json" in out


def test_modules_that_a_run_was_seen_to_import_are_in_the_image(project: MakeProject) -> None:
    made = with_plugins(project())
    made.ok("configure", "-t", "virtio")
    result = made.ok("trace")
    assert "loaded plugins.csv_reader csv" in result.out
    seen = json.loads((made.directory / "fata.trace.json").read_text())
    assert {"plugins.csv_reader", "plugins.json_reader"} <= set(seen["modules"])
    made.ok("build")
    assert "loaded plugins.json_reader json" in made.ok("run").out


def test_a_server_is_traced_until_it_is_interrupted(project: MakeProject) -> None:
    made = project("echo")
    made.ok("configure", "-t", "virtio")
    command = [FATA, "trace", "--", "--port=17007"]
    with subprocess.Popen(
        command, cwd=made.directory, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert b"listening on port 17007" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    assert (made.directory / "fata.trace.json").is_file()
