"""The places that the program `dot` of graphviz finds; the drawing is ours all the same.

`dot` is told the sizes of the cards and asked for its plain format, which is lines of numbers and
has been the same in every version (graphviz.org/docs/outputs/plain). Names and texts never reach
it, so there is nothing that it could misread.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from functoria.error import UserError
from functoria.picture.layered import Item, Link, Placement, Point

SECONDS = 30.0
"""How long `dot` may take."""

_POINTS = 72.0


def lay_out(
    items: Sequence[Item],
    links: Sequence[Link],
    *,
    program: str = "dot",
    seconds: float = SECONDS,
) -> Placement:
    """`lay_out(items, links)` is the placement that `dot` finds.

    Raises `UserError` if it is not installed, fails, or takes longer than `seconds`.
    """
    do = "leave the layout to us: it needs no other program"
    try:
        done = subprocess.run(
            (program, "-Tplain"),
            input=_graph(items, links),
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds,
        )
    except FileNotFoundError:
        raise UserError(
            f"the program `{program}` is not installed", "--layout", f"install graphviz, or {do}"
        ) from None
    except subprocess.TimeoutExpired:
        raise UserError(
            f"`{program}` took longer than {seconds:g} seconds for {len(items)} devices",
            "--layout",
            do,
        ) from None
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise UserError(f"`{program}` failed: {said.strip()[:200]}", "--layout", do) from None
    try:
        return _placement(done.stdout, items, links)
    except (ValueError, IndexError, KeyError):
        raise UserError(
            f"`{program}` gave something that is not its plain format", "--layout", do
        ) from None


def _graph(items: Sequence[Item], links: Sequence[Link]) -> str:
    """The graph in the DOT language, of numbers only. Lengths are in inches."""
    lines = ["digraph {", "ordering=out; nodesep=0.39; ranksep=0.7; splines=true;"]
    lines.append('node [shape=box, fixedsize=true, label=""]; edge [arrowhead=none];')
    for number, item in enumerate(items):
        size = f"width={item.width / _POINTS:.4f}, height={item.height / _POINTS:.4f}"
        lines.append(f"n{number} [{size}];")
    lines += [f"n{link.source}:s -> n{link.target}:n;" for link in links]
    return "\n".join((*lines, "}"))


def _placement(plain: str, items: Sequence[Item], links: Sequence[Link]) -> Placement:
    """The placement that the plain format spells: y grows upwards there, and edges have no order.

    Every edge statement is answered once, so those of the same ends are told apart by counting.
    """
    lines = [line.split() for line in plain.replace("\\\n", "").splitlines()]
    width, height = (float(number) * _POINTS for number in lines[0][2:4])
    corners: dict[int, Point] = {}
    found: dict[tuple[int, int], list[tuple[Point, ...]]] = {}
    for words in lines:
        if words[0] == "node":
            number = int(words[1][1:])
            x, y = float(words[2]) * _POINTS, height - float(words[3]) * _POINTS
            corners[number] = (x - items[number].width / 2, y - items[number].height / 2)
        elif words[0] == "edge":
            count = int(words[3])
            numbers = [float(word) * _POINTS for word in words[4 : 4 + 2 * count]]
            points = tuple(
                (x, height - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)
            )
            if count % 3 != 1:
                raise ValueError("not a spline")
            found.setdefault((int(words[1][1:]), int(words[2][1:])), []).append(points)
    routes = tuple(
        _from_port(found[link.source, link.target].pop(0), link, corners) for link in links
    )
    return Placement(width, height, tuple(corners[n] for n in range(len(items))), routes)


def _from_port(
    route: tuple[Point, ...], link: Link, corners: dict[int, Point]
) -> tuple[Point, ...]:
    """The route, from the branch that it belongs to rather than from the middle of its choice."""
    if link.port is None:
        return route
    x = corners[link.source][0] + link.port
    return ((x, route[0][1]), (x, route[1][1]), *route[2:])
