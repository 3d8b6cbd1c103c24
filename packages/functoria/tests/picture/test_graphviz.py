"""The layout of graphviz, for those who prefer it."""

from __future__ import annotations

import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest

from functoria import UserError
from functoria.picture import GRAPHVIZ, as_html, as_svg
from functoria.picture.graphviz import lay_out
from functoria.picture.layered import Item, Link

from .samples import Program, tangle, website

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("program", [website(), tangle(40)], ids=lambda program: program.name)
def test_it_is_the_same_drawing_in_other_places(program: Program) -> None:
    picture = program.picture(full=True)
    root = ElementTree.fromstring(  # noqa: S314 - ours
        as_svg(*program.arguments, all=True, layout=GRAPHVIZ).encode()
    )
    drawn = [e.get("data-id") for e in root.iter() if e.get("data-id")]
    assert drawn == [box.id for box in picture.boxes]
    edges = [e for e in root.iter() if e.get("data-from")]
    assert len(edges) == len(picture.edges)
    assert "<svg" in as_html(*program.arguments, layout=GRAPHVIZ)


def test_items_keep_their_sizes_and_lines_meet_them() -> None:
    items = [Item(140, 72), Item(300, 60), Item(140, 200)]
    links = [Link(0, 1), Link(0, 2), Link(1, 2, port=30.0), Link(1, 2, port=200.0)]
    place = lay_out(items, links)
    for link, route in zip(links, place.routes, strict=True):
        (left, top), source = place.corners[link.source], items[link.source]
        x, y = route[0]
        assert abs(y - (top + source.height)) < 2
        assert abs(x - left - (source.width / 2 if link.port is None else link.port)) < 2
        (left, top), target = place.corners[link.target], items[link.target]
        assert abs(route[-1][0] - left - target.width / 2) < 2
        assert abs(route[-1][1] - top) < 2
    assert place.width >= 300
    assert place.height >= 72 + 60 + 200


def test_without_the_program_the_reader_is_told() -> None:
    with pytest.raises(UserError, match="`no-such-dot` is not installed") as refused:
        lay_out([Item(1, 1)], [], program="no-such-dot")
    assert refused.value.do.startswith("install graphviz")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exec sleep 20", "took longer than 0.2 seconds for 1 devices"),
        ("echo broken >&2; exit 1", "failed: broken"),
        ("echo what", "not its plain format"),
        ("echo graph 1 x y; echo node", "not its plain format"),
        ("echo graph 1 1 1; echo stop", "not its plain format"),
    ],
)
def test_a_program_that_misbehaves_is_named(tmp_path: Path, script: str, message: str) -> None:
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(UserError, match=message) as refused:
        lay_out([Item(1, 1)], [], program=str(program), seconds=0.2 if "sleep" in script else 20)
    assert refused.value.where == "--layout"
