"""The page on traffic."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fata.deploy.traffic.proxy import proxy, table, wire

PAGE = Path(__file__).parents[5] / "docs" / "traffic.md"


@pytest.mark.e2e
def test_the_program_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(program, {})  # noqa: S102 - what the manual says to write
    asked, carried = capsys.readouterr().out.splitlines()
    assert asked == "False refused the connection"
    assert "guest='website.production.g8'" in carried
    assert carried.endswith(" 0")


def test_the_files_of_the_page_are_those_there_are() -> None:
    text = PAGE.read_text()
    for name in (table.FILE, wire.LOCK, proxy.LOG):
        assert f"| `{name}` |" in text
    assert f"At most {wire.MOST_PORTS} ports" in text
