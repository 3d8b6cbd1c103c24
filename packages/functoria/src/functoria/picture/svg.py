"""A picture as SVG: one file that needs no other, readable in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterable

from functoria.picture.arrange import Arranged, look
from functoria.picture.card import Area, Card, Label, Style
from functoria.picture.layered import Point
from functoria.picture.markup import NOTHING, Markup, joined, lines, shown, tag, text
from functoria.picture.model import Box, Edge, Kind, Picture, Relation
from functoria.picture.text import bold
from functoria.picture.theme import LIGHT, style_sheet

_PAD = 24
_HEADING = 46
_LEGEND = 34
_SAMPLE = 30
_HEAD = 7.0
_DESCRIBED = 40

_MEANING = {
    "argument": "argument",
    "keyword": "keyword",
    "after": "started before it",
    "branch taken": "branch taken",
    "dead": "not taken",
}


def svg(arranged: Arranged) -> str:
    """`svg(arranged)` is an SVG document, with its style sheet in it."""
    style = tag("style", Markup("\n" + style_sheet()))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + drawing(arranged, style=style) + "\n"


def drawing(
    arranged: Arranged, *, style: Markup = NOTHING, prefix: str = "", links: bool = False
) -> Markup:
    """`drawing(arranged)` is an `svg` element, for a page that has the style sheet.

    Ids in it begin with `prefix`. With `links` every device is a link to `#device-ID`.
    """
    picture, placement = arranged.picture, arranged.placement
    samples, legend_width = _legend(picture)
    heading_width = bold(16).width(picture.name) + 2 * _PAD
    width = max(placement.width + 2 * _PAD, legend_width + 2 * _PAD, heading_width)
    left = (width - placement.width) / 2
    below = _LEGEND if samples else 0
    height = _HEADING + placement.height + _PAD + below
    order = sorted(
        zip(picture.edges, placement.routes, strict=True), key=lambda drawn: drawn[0].live
    )
    titles = {box.id: box.title for box in picture.boxes}
    hues = _hues(picture)
    return tag(
        "svg",
        joined(
            NOTHING,
            tag("title", text(f"What {picture.name} is made of"), id=f"{prefix}title"),
            tag("desc", text(_described(picture)), id=f"{prefix}desc"),
            style,
            tag("rect", class_="page", width=width, height=height, rx=12),
            tag("text", text(picture.name), class_="heading", x=_PAD, y=31),
            _group(left, _HEADING, (_edge(edge, route, titles) for edge, route in order), "edges"),
            _group(
                left,
                _HEADING,
                (
                    _box(box, card, corner, hues, links=links)
                    for box, card, corner in zip(
                        picture.boxes, arranged.cards, placement.corners, strict=True
                    )
                ),
                "boxes",
            ),
            _group(_PAD, height - _LEGEND + 6, samples, "legend") if samples else NOTHING,
            NOTHING,
        ),
        xmlns="http://www.w3.org/2000/svg",
        class_="picture",
        viewBox=f"0 0 {shown(width)} {shown(height)}",
        width=width,
        height=height,
        role="group" if links else "img",
        aria_labelledby=f"{prefix}title {prefix}desc",
        fill=LIGHT.box,
    )


def _group(x: float, y: float, parts: Iterable[Markup], name: str) -> Markup:
    return tag("g", joined(*parts), class_=name, transform=f"translate({shown(x)} {shown(y)})")


def _hues(picture: Picture) -> dict[str, int]:
    types = sorted({box.type for box in picture.boxes if box.kind is Kind.DEVICE})
    return {name: number % len(LIGHT.hues) for number, name in enumerate(types)}


def _box(box: Box, card: Card, corner: Point, hues: dict[str, int], *, links: bool) -> Markup:
    classes = ["box", box.kind.value, *([] if box.live else ["dead"])]
    if box.kind is Kind.DEVICE:
        classes.append(f"hue{hues[box.type]}")
    round_ = 12 if box.kind is Kind.CHOICE else 7
    parts = [
        tag("title", lines(_told(box))),
        tag("rect", class_="card", width=card.width, height=card.height, rx=round_),
        *(_area(area, card) for area in card.areas),
        *(_label(label) for label in card.labels),
    ]
    if box.kind is not Kind.CHOICE:
        stripe = tag("rect", class_="stripe", x=5, y=9, width=4, height=card.height - 18, rx=2)
        parts.insert(2, stripe)
    return tag(
        "a" if links else "g",
        *parts,
        class_=" ".join(classes),
        transform=f"translate({shown(corner[0])} {shown(corner[1])})",
        data_id=box.id,
        href=f"#device-{box.id}" if links else None,
    )


def _area(area: Area, card: Card) -> Markup:
    """A rectangle; the cells of branches are rounded where the card is."""
    rx = {"pill": 9.0, "rule": 0.0}.get(area.kind, 0.0)
    if area.kind.startswith("cell"):
        inset = 4
        return tag(
            "rect",
            class_=area.kind,
            x=area.x + inset,
            y=area.y,
            width=area.width - 2 * inset,
            height=card.height - area.y - inset,
            rx=8,
        )
    return tag(
        "rect", class_=area.kind, x=area.x, y=area.y, width=area.width, height=area.height, rx=rx
    )


def _label(label: Label) -> Markup:
    anchor = None if label.anchor.value == "start" else label.anchor.value
    return tag(
        "text", text(label.text), class_=label.style.css, x=label.x, y=label.y, text_anchor=anchor
    )


def _edge(edge: Edge, route: tuple[Point, ...], titles: dict[str, str]) -> Markup:
    return tag(
        "g",
        tag("title", text(_sentence(edge, titles))),
        tag("path", d=_path(_shortened(route))),
        tag("path", class_="head", d=_head(route)),
        class_=f"edge {look(edge)}",
        data_from=edge.source,
        data_to=edge.target,
    )


def _path(route: tuple[Point, ...]) -> str:
    """A route as path data; straight pieces as lines (SVG 2, section 9.3)."""
    parts = [f"M{shown(route[0][0])} {shown(route[0][1])}"]
    for index in range(1, len(route), 3):
        piece = route[index - 1 : index + 3]
        if len({x for x, _ in piece}) == 1:
            parts.append(f"V{shown(piece[3][1])}")
        else:
            parts.append("C" + " ".join(f"{shown(x)} {shown(y)}" for x, y in piece[1:]))
    return "".join(parts)


def _direction(route: tuple[Point, ...]) -> Point:
    """The direction that a route arrives in, of length 1."""
    (x, y) = route[-1]
    for left, top in reversed(route[:-1]):
        length = ((x - left) ** 2 + (y - top) ** 2) ** 0.5
        if length > 0.1:
            return (x - left) / length, (y - top) / length
    return 0.0, 1.0


def _shortened(route: tuple[Point, ...]) -> tuple[Point, ...]:
    """The route as far as its arrow head."""
    (x, y), (dx, dy) = route[-1], _direction(route)
    return (*route[:-1], (x - dx * (_HEAD - 1), y - dy * (_HEAD - 1)))


def _head(route: tuple[Point, ...]) -> str:
    (x, y), (dx, dy) = route[-1], _direction(route)
    back_x, back_y = x - dx * _HEAD, y - dy * _HEAD
    side_x, side_y = -dy * _HEAD / 2, dx * _HEAD / 2
    corners = ((x, y), (back_x + side_x, back_y + side_y), (back_x - side_x, back_y - side_y))
    return "M" + "L".join(f"{shown(a)} {shown(b)}" for a, b in corners) + "Z"


def _legend(picture: Picture) -> tuple[list[Markup], float]:
    """Samples of the kinds of lines, where there is more than the plain one; their width."""
    looks = {look(edge) for edge in picture.edges}
    if looks <= {"argument"}:
        return [], 0.0
    samples: list[Markup] = []
    x = 0.0
    for name in (name for name in _MEANING if name in looks):
        route = ((x, 8.0), (x, 8.0), (x + _SAMPLE, 8.0), (x + _SAMPLE, 8.0))
        parts = (
            tag("path", d=_path(_shortened(route))),
            tag("path", class_="head", d=_head(route)),
        )
        samples.append(tag("g", *parts, class_=f"edge {name}"))
        x += _SAMPLE + 8
        samples.append(tag("text", text(_MEANING[name]), class_="foot", x=x, y=12))
        x += Style.FOOT.font.width(_MEANING[name]) + 22
    return samples, x


def _told(box: Box) -> str:
    """What a pointer is told that rests on a box: what may have been too long for its card."""
    if box.kind is Kind.CHOICE:
        taken = next((branch.label for branch in box.branches if branch.taken), "not taken")
        return "\n".join(part for part in (f"{box.title}: {taken}", box.position) if part)
    values = (f"{setting.name} {setting.shown}" for setting in box.settings)
    parts = (f"{box.title}: {box.type}", box.doc, box.constructor, *values, box.position)
    return "\n".join(part for part in parts if part)


def _sentence(edge: Edge, titles: dict[str, str]) -> str:
    source, target = titles[edge.source], titles[edge.target]
    named = f" as {', '.join(edge.labels)}" if edge.labels else ""
    match edge.relation:
        case Relation.AFTER:
            return f"{source} is started after {target}"
        case Relation.BRANCH:
            taken = "takes" if edge.live else "does not take"
            return f"{source}, if {', '.join(edge.labels)}: {target}; this build {taken} it"
    return f"{source} is given {target}{named}"


def _described(picture: Picture) -> str:
    """The picture in words, for those who do not see it: what is given what."""
    titles = {box.id: box.title for box in picture.boxes}
    live = [_sentence(edge, titles) for edge in picture.edges if edge.live]
    more = f"; and {len(live) - _DESCRIBED} more" if len(live) > _DESCRIBED else ""
    devices = sum(box.live and box.kind is not Kind.CHOICE for box in picture.boxes)
    counted = f"{devices} devices: " if devices != 1 else "1 device. "
    return counted + "; ".join(live[:_DESCRIBED]) + more + "."
