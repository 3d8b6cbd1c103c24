"""Colours that can be told apart: WCAG 2.2, 1.4.3 and 1.4.11."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = (files("fata.dashboard") / "static/style.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\n *\}", STYLE, re.DOTALL)
)
GROUNDS = ("page", "card", "sunk")
TEXTS = [
    *[(text, ground) for text in ("ink", "muted") for ground in GROUNDS],
    *[("accent", ground) for ground in ("page", "card", "accent-soft")],
    *[(kind, f"{kind}-soft") for kind in ("ok", "bad", "warn", "busy")],
    *[(kind, "card") for kind in ("ok", "bad", "warn", "busy")],
    ("accent-ink", "accent"),
    ("console-ink", "console"),
    ("ink", "tab"),
]
LINES = [("line", "card"), ("other", "card"), ("bad", "card"), ("accent", "page")]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(palette: dict[str, str], text: str, ground: str) -> None:
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), LINES)
def test_lines_can_be_seen(palette: dict[str, str], line: str, ground: str) -> None:
    assert contrast(palette[line], palette[ground]) >= 3


def test_the_script_is_short() -> None:
    script = (files("fata.dashboard") / "static/live.js").read_text()
    assert len(script.splitlines()) < 60
