"""SVG: one file, readable by everybody."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from functoria import JOB, Context, Device, Key, UserError, if_impl
from functoria.converter import STRING
from functoria.picture import as_svg
from functoria.picture.theme import DARK, LIGHT, Theme

from .samples import STACK, Program, chain, star, tangle, website

SVG = "{http://www.w3.org/2000/svg}"


def parsed(program: Program, *, full: bool = False) -> ElementTree.Element:
    return ElementTree.fromstring(as_svg(*program.arguments, all=full).encode())  # noqa: S314 - ours


def drawn(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    (group,) = (group for group in root.iter(f"{SVG}g") if group.get("class") == name)
    return list(group)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "program", [website(), website("unix", cached=True), star(40), tangle(60)], ids=lambda p: p.name
)
def test_every_box_and_every_edge_is_drawn_once(program: Program, full: bool) -> None:
    picture, root = program.picture(full=full), parsed(program, full=full)
    assert [box.get("data-id") for box in drawn(root, "boxes")] == [b.id for b in picture.boxes]
    edges = [(edge.get("data-from"), edge.get("data-to")) for edge in drawn(root, "edges")]
    assert sorted(edges) == sorted((edge.source, edge.target) for edge in picture.edges)


def test_what_is_not_taken_looks_and_says_so() -> None:
    root = parsed(website(), full=True)
    dead = [box for box in drawn(root, "boxes") if "dead" in (box.get("class") or "").split()]
    assert [box.get("data-id") for box in dead] == ["cache", "stack_2"]
    assert all("not taken" in [text.text for text in box.iter(f"{SVG}text")] for box in dead)
    legend = [text.text for group in drawn(root, "legend") for text in group.iter(f"{SVG}text")]
    assert legend == ["argument", "keyword", "started before it", "branch taken", "not taken"]


def test_it_tells_in_words_what_it_shows() -> None:
    root = parsed(website())
    assert root.get("role") == "img"
    title, description = (
        next(part for part in root if part.get("id") == name)
        for name in (root.get("aria-labelledby") or "").split()
    )
    assert title.text == "What website is made of"
    assert description.text == (
        "5 devices: web is given http as http; web is given stack as stack; web is given clock as "
        "clock; web is started after logs; http is given stack as stack."
    )


def test_text_from_a_configuration_cannot_become_markup() -> None:
    hostile = "</text><script>alert(1)</script>&\"'\x00\u202e"
    key = Key(name="a", converter=STRING, default=hostile, doc=hostile)
    device = Device(name=hostile, type=JOB, constructor="m:a", keywords={"a": key}, doc=hostile)
    program = Program("x", (if_impl(key.value.equals("b"), device, device),), Context({}))
    for full in (False, True):
        root = parsed(program, full=full)
        assert not list(root.iter(f"{SVG}script"))
        assert not [e for e in root.iter() for name in e.attrib if name.startswith("on")]


def test_it_needs_no_other_file() -> None:
    text = as_svg(*website().arguments, all=True)
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert "href" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_it_is_the_same_in_every_process() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from picture.samples import tangle\n"
        "from functoria.picture import as_svg\n"
        "print(as_svg(*tangle(60).arguments, all=True))"
    )
    found = {
        subprocess.run(
            (sys.executable, "-c", code, str(Path(__file__).parent.parent)),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_a_long_chain_is_drawn() -> None:
    assert len(drawn(parsed(chain(2000)), "boxes")) == 2000


def test_too_many_devices_are_refused_in_words() -> None:
    with pytest.raises(UserError, match="`star` has 5001 devices, too many") as refused:
        as_svg(*star(5000).arguments)
    assert "HTML" in refused.value.do


def test_one_device_is_a_picture_without_a_legend() -> None:
    job = Device(name="job", type=JOB, constructor="m:start")
    text = as_svg(*Program("x", (job,), Context({})).arguments)
    assert 'class="legend"' not in text
    assert "1 device." in text
    functor = Device(name="f", type=STACK >> JOB, constructor="m:f")
    stack = Device(name="s", type=STACK, constructor="m:s")
    assert 'class="legend"' not in as_svg(*Program("x", (functor(stack),), Context({})).arguments)


def luminance(colour: str) -> float:
    """The relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_readable_in_the_light_and_in_the_dark(theme: Theme) -> None:
    for ground in (theme.page, theme.box, theme.job, theme.choice):
        assert contrast(theme.ink, ground) >= 7
        assert contrast(theme.faint, ground) >= 4.5
    assert contrast(theme.faint, theme.pill) >= 4.5
    assert contrast(theme.accent, theme.box) >= 4.5
    assert contrast(theme.choice, theme.taken) >= 4.5
    assert contrast(theme.dead, theme.page) >= 4.5
    assert contrast(theme.line, theme.page) >= 3
    assert contrast(theme.accent, theme.choice) >= 4.5
