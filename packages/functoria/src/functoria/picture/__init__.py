"""Pictures of a program's graph: SVG, a page of HTML, and the DOT language.

They are the same for the same configuration, whatever is installed: places are found by our own
layered layout unless the caller asks for that of graphviz.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from functoria.context import Context
from functoria.error import UserError
from functoria.graph import Graph
from functoria.impl import Impl
from functoria.key import Key
from functoria.picture import dot, graphviz, html, layered, svg
from functoria.picture.arrange import Arranged, Layout, arrange
from functoria.picture.boxes import Annotations
from functoria.picture.build import picture_of
from functoria.picture.layered import TooCrowdedError
from functoria.picture.markup import Markup
from functoria.picture.model import Annotation, Picture

__all__ = [
    "GRAPHVIZ",
    "LAYERED",
    "Annotation",
    "Annotations",
    "Layout",
    "Picture",
    "as_dot",
    "as_html",
    "as_svg",
    "picture_of",
]

LAYERED: Layout = layered.lay_out
"""Our own layout: the same everywhere, and in a bounded time."""

GRAPHVIZ: Layout = graphviz.lay_out
"""The layout of the program `dot`, which has to be installed."""


def as_svg(
    name: str,
    roots: Iterable[Impl],
    graph: Graph,
    keys: Iterable[Key[Any]],
    context: Context,
    annotations: Annotations | None = None,
    *,
    all: bool = False,  # noqa: A002 - what the command line calls it
    layout: Layout = LAYERED,
) -> str:
    """`as_svg(...)` is the graph as an SVG document; with `all`, every branch of it.

    `annotations` are what a tool adds to devices, by their variables in the generated program.
    Raises `UserError` where the graph is too large for a picture.
    """
    picture = picture_of(name, roots, graph, keys, context, annotations, all=all)
    try:
        return svg.svg(arrange(picture, layout))
    except TooCrowdedError:
        raise UserError(
            f"`{name}` has {len(picture.boxes)} devices, too many for a picture to read",
            None,
            "ask for HTML, which has tables of them, or for DOT",
        ) from None


def as_html(
    name: str,
    roots: Iterable[Impl],
    graph: Graph,
    keys: Iterable[Key[Any]],
    context: Context,
    annotations: Annotations | None = None,
    *,
    layout: Layout = LAYERED,
) -> str:
    """`as_html(...)` is one page with the picture, all branches, and tables of keys and devices.

    Where the graph is too large for a picture the page has the tables only, and says so.
    """
    roots, keys = tuple(roots), tuple(keys)
    full = picture_of(name, roots, graph, keys, context, annotations, all=True)
    live = picture_of(name, roots, graph, keys, context, annotations)
    pictures = (live,) if len(live.boxes) == len(full.boxes) else (live, full)
    return html.html(full, _drawings(pictures, layout))


def _drawings(pictures: Iterable[Picture], layout: Layout) -> tuple[Markup, ...]:
    """The drawings; of the live graph only if all its branches are too much, or none at all."""
    found: list[Markup] = []
    for number, picture in enumerate(pictures):
        try:
            arranged: Arranged = arrange(picture, layout)
        except TooCrowdedError:
            break
        found.append(svg.drawing(arranged, prefix=f"picture{number}-", links=True))
    return tuple(found)


def as_dot(
    name: str,
    roots: Iterable[Impl],
    graph: Graph,
    keys: Iterable[Key[Any]],
    context: Context,
    *,
    all: bool = False,  # noqa: A002 - what the command line calls it
) -> str:
    """`as_dot(...)` is the graph in the DOT language; with `all`, every branch of it."""
    return dot.dot(picture_of(name, roots, graph, keys, context, all=all))
