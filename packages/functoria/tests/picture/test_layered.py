"""The layout: nothing overlaps, every line leads where it should, the work is bounded."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functoria.picture.layered import (
    Item,
    Link,
    Placement,
    Point,
    TooCrowdedError,
    coordinates,
    crossings,
    lay_out,
)
from functoria.picture.layered.ranking import ranks


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Item], list[Link]]:
    """Items of any size, and links from earlier to later ones."""
    size = st.tuples(st.integers(60, 300), st.integers(40, 200))
    items = [Item(width, height) for width, height in draw(st.lists(size, min_size=1, max_size=25))]
    pairs = st.tuples(st.integers(0, len(items) - 1), st.integers(0, len(items) - 1))
    links = [
        Link(source, target, style, 20.0 if has_port else None)
        for (source, target), style, has_port in draw(
            st.lists(st.tuples(pairs, st.integers(0, 2), st.booleans()), max_size=60)
        )
        if source < target
    ]
    return items, links


def curve(points: tuple[Point, ...]) -> list[Point]:
    """Points on a route, close together."""
    found: list[Point] = []
    for start in range(0, len(points) - 1, 3):
        (a, b), (c, d), (e, f), (g, h) = points[start : start + 4]
        for step in range(17):
            t = step / 16
            one, two, three, four = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            x = one * a + two * c + three * e + four * g
            y = one * b + two * d + three * f + four * h
            found.append((x, y))
    return found


@given(graphs())
def test_items_do_not_overlap_and_nothing_is_outside(graph: tuple[list[Item], list[Link]]) -> None:
    items, links = graph
    place = lay_out(items, links)
    for (item, (x, y)), (other, (left, top)) in itertools.combinations(
        zip(items, place.corners, strict=True), 2
    ):
        beside = x + item.width + 20 <= left or left + other.width + 20 <= x
        apart = y + item.height + 20 <= top or top + other.height + 20 <= y
        assert beside or apart
    for item, (x, y) in zip(items, place.corners, strict=True):
        assert -1 <= x <= x + item.width <= place.width + 1
        assert 0 <= y <= y + item.height <= place.height
    for x, y in (point for route in place.routes for point in route):
        assert -1 <= x <= place.width + 1
        assert 0 <= y <= place.height


@given(graphs())
def test_every_link_leads_from_below_its_source_to_above_its_target(
    graph: tuple[list[Item], list[Link]],
) -> None:
    items, links = graph
    place = lay_out(items, links)
    for link, route in zip(links, place.routes, strict=True):
        (left, top), source = place.corners[link.source], items[link.source]
        assert route[0][1] == top + source.height
        assert left < route[0][0] < left + source.width
        if link.port is not None:
            assert route[0][0] == left + link.port
        (left, top), target = place.corners[link.target], items[link.target]
        assert route[-1] == (left + target.width / 2, top)
        assert len(route) % 3 == 1
        assert [y for _, y in curve(route)] == sorted(y for _, y in curve(route))


@given(graphs())
def test_no_line_crosses_an_item(graph: tuple[list[Item], list[Link]]) -> None:
    items, links = graph
    place = lay_out(items, links)
    for route in place.routes:
        for x, y in curve(route):
            for item, (left, top) in zip(items, place.corners, strict=True):
                inside = left < x < left + item.width and top < y < top + item.height
                assert not inside


@given(graphs())
def test_the_same_graph_is_laid_out_the_same(graph: tuple[list[Item], list[Link]]) -> None:
    assert lay_out(*graph) == lay_out(*graph)


@given(graphs(), st.randoms(use_true_random=False))
def test_rows_do_not_depend_on_the_order_of_links(
    graph: tuple[list[Item], list[Link]], random: object
) -> None:
    items, links = graph
    found = ranks(items, links, 900, 28)
    shuffled = list(links)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranks(items, shuffled, 900, 28) == found
    assert all(found[link.source] < found[link.target] for link in links)


def rounded(place: Placement) -> list[tuple[int, int]]:
    return [(round(x), round(y)) for x, y in place.corners]


def test_a_parent_stands_above_the_middle_of_its_children() -> None:
    items = [Item(100, 50)] * 3
    place = lay_out(items, [Link(0, 1), Link(0, 2)])
    assert rounded(place) == [(64, 0), (0, 107), (128, 107)]
    assert (place.width, place.height) == (228, 157)


def test_lines_are_untangled() -> None:
    # Three over three, each joined to the one farthest away.
    items = [Item(100, 50)] * 6
    place = lay_out(items, [Link(0, 5), Link(1, 4), Link(2, 3)])
    for source, target in ((0, 5), (1, 4), (2, 3)):
        assert place.corners[source][0] == place.corners[target][0]


def test_lines_to_one_item_run_together_beside_what_they_pass() -> None:
    # 0 -> 1 -> 2 -> 3, and both 0 and 1 lead straight to 3 too.
    items = [Item(100, 50)] * 4
    links = [Link(0, 1), Link(1, 2), Link(2, 3), Link(0, 3), Link(1, 3)]
    place = lay_out(items, links)
    assert place.routes[3][-6:] == place.routes[4][-6:]


def test_a_row_that_is_too_wide_goes_on_below() -> None:
    items = [Item(200, 50)] * 41
    place = lay_out(items, [Link(0, leaf) for leaf in range(1, 41)])
    assert place.width < 3 * place.height
    assert len({y for _, y in place.corners}) > 3


def test_links_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        lay_out([Item(1, 1)] * 2, [Link(0, 1), Link(1, 0)])


def test_nothing_is_laid_out_too() -> None:
    assert lay_out([], []) == Placement(0, 0, (), ())


def test_too_much_is_refused_before_it_is_begun() -> None:
    length = 4000
    links = [Link(n, n + 1) for n in range(length - 1)]
    links += [Link(0, n) for n in range(2, length)]
    with pytest.raises(TooCrowdedError, match="stations where 20000 are allowed"):
        lay_out([Item(1, 1)] * length, links)
    many = [Link(n % 30, 30 + n % 31) for n in range(3000)]
    with pytest.raises(TooCrowdedError):
        lay_out([Item(1, 1)] * 61, many, most=100)


@given(st.integers(0, 10_000_000))
def test_the_work_is_bounded(segments: int) -> None:
    assert crossings.sweeps(segments) * segments <= crossings.BUDGET
    rounds = coordinates.rounds(segments)
    assert rounds * segments <= max(coordinates.BUDGET, 2 * segments)


def test_ten_thousand_items_are_laid_out_in_a_few_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[int] = []
    swept_once = crossings._swept

    def counting(*arguments: object, **options: object) -> object:
        swept.append(1)
        return swept_once(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(crossings, "_swept", counting)
    items = [Item(60, 30)] * 10_000
    links = [Link(n, n + 50 + step) for n in range(9900) for step in range(0, 21, 20)]
    place = lay_out(items, links)
    assert len(place.corners) == 10_000
    assert 0 < len(swept) <= crossings.BUDGET // len(links)
