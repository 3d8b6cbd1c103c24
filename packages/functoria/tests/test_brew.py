"""Another tool on functoria, end to end: the example `brew`, as its users see it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from functoria.cli.application import application
from functoria.cli.entry import run
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
