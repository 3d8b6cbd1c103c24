"""A trace records what a run imports and reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fata.closure import Interpreter, read_trace, record
from functoria.error import UserError


def test_a_run_to_its_end(tmp_path: Path, python: Interpreter) -> None:
    (tmp_path / "words.txt").write_text("one two")
    (tmp_path / "plug.py").write_text("import csv\n")
    program = tmp_path / "main.py"
    program.write_text(
        "import importlib, sys\n"
        "importlib.import_module('pl' + 'ug')\n"
        "open('words.txt').read()\n"
        "open('written.txt', 'w').write(sys.argv[1])\n"
    )
    seen = record(
        program,
        tmp_path / "trace.json",
        interpreter=python,
        project=tmp_path,
        places=(),
        arguments=("hello",),
    )
    assert {"plug", "csv"} <= set(seen.modules)
    assert seen.files == ("words.txt",)
    assert read_trace(tmp_path / "trace.json") == seen


def test_a_server_is_exercised_and_then_ended(tmp_path: Path, python: Interpreter) -> None:
    program = tmp_path / "main.py"
    program.write_text(
        "import pathlib, time\npathlib.Path('ready').touch()\nimport decimal\ntime.sleep(60)\n"
    )

    def until(process: subprocess.Popen[bytes]) -> None:
        while not (tmp_path / "ready").exists() and process.poll() is None:
            pass

    output = tmp_path / "trace.json"
    seen = record(program, output, interpreter=python, project=tmp_path, places=(), until=until)
    assert "pathlib" in seen.modules


def test_a_run_that_fails(tmp_path: Path, python: Interpreter) -> None:
    program = tmp_path / "main.py"
    program.write_text("raise SystemExit(3)\n")
    with pytest.raises(UserError, match="ended with 3"):
        record(program, tmp_path / "t", interpreter=python, project=tmp_path, places=())
    assert not (tmp_path / "t").exists()


def test_nothing_of_the_tests_leaks_into_a_trace(tmp_path: Path, python: Interpreter) -> None:
    program = tmp_path / "main.py"
    program.write_text("")
    seen = record(program, tmp_path / "t", interpreter=python, project=tmp_path, places=())
    assert "pytest" in sys.modules
    assert "pytest" not in seen.modules
