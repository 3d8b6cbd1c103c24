"""A picture laid out: its cards, where they stand, and the curves between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functoria.picture.card import Card, card_of
from functoria.picture.layered import Item, Link, Placement
from functoria.picture.model import Edge, Picture, Relation

Layout = Callable[[Sequence[Item], Sequence[Link]], Placement]
"""What finds the places, such as `functoria.picture.layered.lay_out`."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """The cards in the order of the picture's boxes, and where they and the edges lie."""

    picture: Picture
    cards: tuple[Card, ...]
    placement: Placement


def arrange(picture: Picture, layout: Layout) -> Arranged:
    """`arrange(picture, layout)` is the picture with a place for everything."""
    cards = tuple(card_of(box) for box in picture.boxes)
    numbers = {box.id: number for number, box in enumerate(picture.boxes)}
    links = [
        Link(
            source=numbers[edge.source],
            target=numbers[edge.target],
            style=_STYLES.index(look(edge)),
            port=None if edge.branch is None else cards[numbers[edge.source]].ports[edge.branch],
        )
        for edge in picture.edges
    ]
    items = [Item(card.width, card.height) for card in cards]
    return Arranged(picture, cards, layout(items, links))


def look(edge: Edge) -> str:
    """`look(edge)` is how an edge is drawn: its classes in the style sheet."""
    if not edge.live:
        return "dead"
    return "branch taken" if edge.relation is Relation.BRANCH else edge.relation.value


_STYLES = ("argument", "keyword", "after", "branch taken", "dead")
