"""The details of a page: everything that is known of each device, with links to its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from functoria.picture.markup import NOTHING, Markup, joined, tag, text
from functoria.picture.model import Box, Edge, Kind, Picture, Relation, Setting
from functoria.picture.tables import origin_of, value_of


def articles(full: Picture, live: Picture) -> Iterator[Markup]:
    """`articles(full, live)` is an `article` for every device and choice, of the id `device-ID`.

    `full` is the picture with all branches. What a live device needs is told as `live` has it,
    without the choices between; those that lead to a device are told by themselves.
    """
    boxes = {box.id: box for box in full.boxes}
    built = {box.id for box in live.boxes}
    needs: dict[str, list[Edge]] = {box.id: [] for box in full.boxes}
    users: dict[str, list[Edge]] = {box.id: [] for box in full.boxes}
    chosen: dict[str, list[Edge]] = {box.id: [] for box in full.boxes}
    for edge in (*live.edges, *(edge for edge in full.edges if edge.source not in built)):
        needs[edge.source].append(edge)
    for edge in (*live.edges, *(edge for edge in full.edges if not _told(edge, built))):
        kind = chosen if edge.relation is Relation.BRANCH else users
        kind[edge.target].append(edge)
    for box in full.boxes:
        yield _article(box, needs[box.id], users[box.id], chosen[box.id], boxes)


def _told(edge: Edge, built: set[str]) -> bool:
    """Whether the live picture has the edge too."""
    return edge.source in built and edge.target in built


def _article(
    box: Box,
    needs: Iterable[Edge],
    users: Iterable[Edge],
    chosen: Iterable[Edge],
    boxes: Mapping[str, Box],
) -> Markup:
    pills = [box.type, *(() if box.live else ("not taken",))]
    facts = [
        tag("p", text(box.doc)) if box.doc else NOTHING,
        tag("p", tag("code", text(box.constructor))) if box.constructor else NOTHING,
        tag("p", text(box.position), class_="faint") if box.position else NOTHING,
        *(tag("p", text(f"{note.name}: {note.text}")) for note in box.annotations),
        *(tag("p", text("package "), tag("code", text(package))) for package in box.packages),
    ]
    choice = box.kind is Kind.CHOICE
    return tag(
        "article",
        joined(
            tag(
                "h3", joined(text(box.title), *(tag("span", text(p), class_="pill") for p in pills))
            ),
            *facts,
            *_list("Depends on" if choice else "Keys", map(_setting, box.settings)),
            *_list("Branches" if choice else "Needs", _links(needs, boxes, source=False)),
            *_list("Needed by", _links(users, boxes, source=True)),
            *_list("Chosen by", _links(chosen, boxes, source=True)),
        ),
        id=f"device-{box.id}",
        class_=None if box.live else "dead",
    )


def _list(name: str, items: Iterable[Markup]) -> tuple[Markup, ...]:
    """A heading and a list, or nothing if there is nothing to list."""
    found = [tag("li", item) for item in items]
    return (tag("h4", text(name)), tag("ul", joined(*found))) if found else ()


def _setting(setting: Setting) -> Markup:
    remarks = [part for part in (origin_of(setting), setting.doc, setting.position) if part]
    remark = tag("span", text(" \N{MIDDLE DOT} ".join(remarks)), class_="faint")
    return Markup(f"{tag('code', text(setting.name))} {value_of(setting)} {remark}")


def _links(edges: Iterable[Edge], boxes: Mapping[str, Box], *, source: bool) -> Iterator[Markup]:
    for edge in edges:
        other = boxes[edge.source if source else edge.target]
        link = tag("a", text(other.title), href=f"#device-{other.id}")
        yield Markup(f"{link}{text(_remark(edge))}")


def _remark(edge: Edge) -> str:
    labels = ", ".join(edge.labels)
    match edge.relation:
        case Relation.BRANCH:
            return f", {labels}" + ("" if edge.live else ": not taken")
        case Relation.AFTER:
            return ", only started before"
    return f" as {labels}" if labels else ""
