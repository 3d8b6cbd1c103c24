"""Text fits, whatever it is."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from functoria.picture.card import card_of
from functoria.picture.markup import tag, text
from functoria.picture.model import Annotation, Box, Branch, Kind, Setting
from functoria.picture.text import ELLIPSIS, bold, clean, mono, sans

ANY = st.text(max_size=60)
LONG = st.text("abcM_.:w", max_size=200)


def test_widths_are_those_of_the_widest_common_font() -> None:
    assert sans(10).width("iii") < mono(10).width("iii") < bold(10).width("WWW")
    assert sans(1000).width("W") == 989
    assert sans(10).width("漢字") > 20


def test_what_does_not_fit_is_shortened() -> None:
    font = mono(10)
    assert font.fit("libos.net", 100) == "libos.net"
    assert font.fit("libos.net.socket_stack", 100) == "libos.net.sock" + ELLIPSIS
    assert font.fit_end("libos.net.socket_stack", 100) == ELLIPSIS + "t.socket_stack"[-14:]


@given(ANY | LONG, st.floats(16, 500))
def test_what_is_shortened_fits(words: str, room: float) -> None:
    for font in (sans(11), bold(14), mono(10.5)):
        assert font.width(font.fit(words, room)) <= room
        assert font.width(font.fit_end(words, room)) <= room


@given(ANY)
def test_any_text_can_be_put_in_a_document(words: str) -> None:
    element = ElementTree.fromstring(tag("p", text(words), title=words))  # noqa: S314 - ours
    assert (element.text or "") == clean(words)
    assert element.get("title") == clean(words)


def test_what_a_reader_would_not_see_is_shown() -> None:
    assert clean("a\u202eb\x00c\nd\ud800") == "a\ufffdb\ufffdc d\ufffd"


SETTINGS = st.builds(Setting, ANY | LONG, st.none() | ANY | LONG, st.sampled_from(["", "default"]))
BOXES = st.builds(
    Box,
    id=st.just("x"),
    kind=st.sampled_from(Kind),
    title=ANY | LONG,
    type=ANY | LONG,
    constructor=ANY | LONG,
    settings=st.lists(SETTINGS, max_size=12).map(tuple),
    packages=st.lists(LONG, max_size=3).map(tuple),
    position=ANY | LONG,
    annotations=st.lists(st.builds(Annotation, ANY, ANY | LONG), max_size=3).map(tuple),
    branches=st.lists(st.builds(Branch, ANY | LONG, st.booleans()), min_size=1).map(tuple),
    live=st.booleans(),
)


@given(BOXES)
def test_everything_on_a_card_is_inside_of_it(box: Box) -> None:
    card = card_of(box)
    for label in card.labels:
        assert label.left >= 4
        assert label.left + label.width <= card.width - 4
        assert label.style.font.size <= label.y <= card.height - 4
    for area in card.areas:
        assert 0 <= area.x <= area.x + area.width <= card.width + 0.01
        assert 0 <= area.y <= area.y + area.height <= card.height + 0.01
    assert all(0 < port < card.width for port in card.ports)


@given(BOXES)
def test_no_two_labels_of_a_card_touch(box: Box) -> None:
    labels = card_of(box).labels
    for index, one in enumerate(labels):
        for other in labels[index + 1 :]:
            if abs(one.y - other.y) < 8:
                left, right = sorted((one, other), key=lambda label: label.left)
                assert left.left + left.width <= right.left + 0.01
