"""Another tool on functoria, end to end: the example `brew`, as its users see it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from functoria import UserError
from functoria.cli.application import application
from functoria.cli.entry import run
from functoria.project import load
from functoria.testing import check

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
TRANSCRIPTS = Path(__file__).parent / "transcripts"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    shutil.copy(EXAMPLES / "coffee" / "coffee.py", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["brew", "mistakes"])
def test_transcript(directory: Path, name: str) -> None:
    import brew  # type: ignore[import-not-found]

    command = application(brew.TOOL)
    check(
        TRANSCRIPTS / f"{name}.txt",
        directory,
        {"brew": lambda arguments: run(command, brew.TOOL, arguments)},
    )
    sys.modules.pop("brew")


@pytest.mark.e2e
def test_the_tool_as_a_process(directory: Path) -> None:
    def brew(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: PLW1510 - the test looks at the code
            [sys.executable, EXAMPLES / "brew.py", *arguments],
            cwd=directory,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )

    made = brew("configure", "--cups", "3")
    assert (made.returncode, made.stdout) == (0, "")
    asked = brew("query", "recipe")
    assert (asked.stdout.splitlines()[0], asked.stderr) == ("breakfast, 3 cups", "")
    assert brew("configure", "--crema").returncode == 2
    words = {"COMP_WORDS": "brew configure --method e", "COMP_CWORD": "3"}
    assert brew(**words, _BREW_COMPLETE="bash_complete").stdout == "plain,espresso\n"
    # A key of a branch that the same line takes is completed, too, also where it lacks its value.
    words = {"COMP_WORDS": "brew configure --method espresso --cr", "COMP_CWORD": "4"}
    assert brew(**words, _BREW_COMPLETE="bash_complete").stdout == "plain,--crema\n"
    assert brew("clean").returncode == 0
    assert [path.name for path in directory.iterdir()] == ["coffee.py"]


@pytest.mark.parametrize("option", ["json", "cups"])
def test_a_key_cannot_take_an_option_of_the_tools_own(directory: Path, option: str) -> None:
    import brew

    config = directory / "coffee.py"
    config.write_text(
        "from brew import *\nfrom functoria import Key, STRING, Device\n"
        f"mine = Key(name='{option}', converter=STRING, doc='')\n"
        "register('x', Device(name='x', type=JOB, constructor='m:x', keywords={'k': mine}))\n"
    )
    with pytest.raises(UserError, match=f"`--{option}` is an option of brew itself") as caught:
        load(brew.TOOL, config, {}, {})
    assert str(caught.value.where) == "coffee.py:3"
    sys.modules.pop("brew")
