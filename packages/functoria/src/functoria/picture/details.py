"""The details of a page: everything that is known of each device, with links to its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from functoria.picture.markup import NOTHING, Markup, joined, tag, text
from functoria.picture.model import Box, Edge, Kind, Picture, Relation
from functoria.picture.tables import setting_table


def articles(picture: Picture) -> Iterator[Markup]:
    """`articles(picture)` is an `article` for every device and choice, with the id `device-ID`."""
    boxes = {box.id: box for box in picture.boxes}
    needs: dict[str, list[Edge]] = {box.id: [] for box in picture.boxes}
    users: dict[str, list[Edge]] = {box.id: [] for box in picture.boxes}
    for edge in picture.edges:
        needs[edge.source].append(edge)
        users[edge.target].append(edge)
    for box in picture.boxes:
        yield _article(box, needs[box.id], users[box.id], boxes)


def _article(
    box: Box, needs: Iterable[Edge], users: Iterable[Edge], boxes: Mapping[str, Box]
) -> Markup:
    pills = [box.type, *(() if box.live else ("not taken",))]
    heading = [tag("span", text(pill), class_="pill") for pill in pills]
    facts = [
        tag("p", text(box.doc)) if box.doc else NOTHING,
        tag("p", tag("code", text(box.constructor))) if box.constructor else NOTHING,
        tag("p", text(box.position), class_="faint") if box.position else NOTHING,
        *(tag("p", text(f"{note.name}: {note.text}")) for note in box.annotations),
        *(tag("p", text("package "), tag("code", text(package))) for package in box.packages),
    ]
    return tag(
        "article",
        joined(
            tag("h3", text(f"{box.title} "), *heading),
            *facts,
            *_section("Depends on" if box.kind is Kind.CHOICE else "Keys", box),
            *_links("Branches" if box.kind is Kind.CHOICE else "Needs", needs, boxes, "target"),
            *_links("Needed by", users, boxes, "source"),
        ),
        id=f"device-{box.id}",
        class_=None if box.live else "dead",
    )


def _section(name: str, box: Box) -> tuple[Markup, ...]:
    return (tag("h4", text(name)), setting_table(box.settings)) if box.settings else ()


def _links(
    name: str, edges: Iterable[Edge], boxes: Mapping[str, Box], end: str
) -> tuple[Markup, ...]:
    items = [
        tag(
            "li",
            tag("a", text(boxes[other].title), href=f"#device-{other}"),
            text(_remark(edge)),
        )
        for edge in edges
        for other in (edge.target if end == "target" else edge.source,)
    ]
    return (tag("h4", text(name)), tag("ul", *items)) if items else ()


def _remark(edge: Edge) -> str:
    labels = ", ".join(edge.labels)
    match edge.relation:
        case Relation.BRANCH:
            return f" {labels}: taken" if edge.live else f" {labels}: not taken"
        case Relation.AFTER:
            return " started before"
        case Relation.KEYWORD:
            return f" as {labels}"
    return f" as {labels}" if labels else ""
