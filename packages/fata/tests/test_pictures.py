"""The pictures in the manual are what the tool draws today."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.project import load
from functoria.picture import as_svg

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("name", "all_branches"), [("website", False), ("website-all", True)])
def test_the_website_looks_like_this(name: str, all_branches: bool) -> None:
    config = ROOT / "examples" / "website" / "config.py"
    project = load(config, {"target": "virtio"}, {}, saved=False)
    drawn = as_svg(
        project.program.name,
        project.program.roots,
        project.graph,
        project.keys,
        project.context,
        all=all_branches,
    )
    kept = ROOT / "docs" / "pictures" / f"{name}.svg"
    assert kept.read_text() == drawn, f"draw docs/pictures/{name}.svg again, as the page says"
