"""The page on drivers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Built
from .test_qemu import QemuBench

PAGE = Path(__file__).parents[5] / "docs" / "drivers.md"
NAME = "behave.page.g1"


@pytest.mark.e2e
def test_the_program_on_the_page(
    tmp_path: Path, build: Callable[..., Built], capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    bench = QemuBench(tmp_path / "guests", build("-t", "virtio"))
    program = program.replace("/var/lib/fata/guests", str(bench.guests))
    bench.driver.start(bench.spec(NAME, "--do=exit", "--number=9"))
    exec(program, {})  # noqa: S102 - what the manual says to write
    assert f"{NAME} " in capsys.readouterr().out
    while bench.driver.outcome(NAME) is None:
        time.sleep(0.05)
    exec(program, {})  # noqa: S102
    out = capsys.readouterr().out
    assert "code=9" in out
    assert "fata: exit 9" in out


def test_the_files_of_the_page_are_those_there_are() -> None:
    from fata.deploy.drivers import console, directory

    text = PAGE.read_text()
    for name in (
        directory.SPEC,
        directory.STATE,
        directory.OUTCOME,
        directory.FAILURE,
        console.CONSOLE,
        console.PREVIOUS,
    ):
        assert f"| `{name}` |" in text
