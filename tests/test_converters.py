"""A boot argument's default is read when configured and its value when booted: by one rule."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from functoria import converter as configured
from functoria.converter import Converter, list_of
from libos.boot.converters import converter

CONVERTERS: dict[str, Converter[object]] = {
    each.name: each
    for each in vars(configured).values()
    if isinstance(each, Converter) and each.reference is None and not each.choices
}

ALPHABET = string.digits + ".:/-, kKMGTiBbmsh" + "abcdefx" + "_\u0663\0"
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(ALPHABET, max_size=20),
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"[0-9a-f]{0,4}(:[0-9a-fA-F]{0,4}){1,8}(/[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}", fullmatch=True),
    st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3})? ?[kKMGT]?i?[bB]?", fullmatch=True),
    st.from_regex(r"([0-9]{1,3}(\.[0-9])?(ms|s|m|h|d)?){1,3}", fullmatch=True),
    st.sampled_from(["true", "YES", "off", "1", "0", "65535", "65536", "-1", "+5", "1_000", " 7"]),
)


def outcome(parse: object, text: str) -> tuple[object, object]:
    try:
        return "value", parse(text)  # type: ignore[operator]
    except ValueError as error:
        return "refused", str(error)


def test_both_sides_know_the_same_converters() -> None:
    assert {"str", "int", "bool", "port", "path", "ipv4", "size", "duration"} <= set(CONVERTERS)
    for name in CONVERTERS:
        converter(name)


@given(st.sampled_from(sorted(CONVERTERS)), TEXTS)
def test_both_sides_read_and_refuse_alike(name: str, text: str) -> None:
    assert outcome(CONVERTERS[name].parse, text) == outcome(converter(name), text)


@given(st.sampled_from(sorted(CONVERTERS)), st.lists(TEXTS, max_size=3))
def test_lists_are_read_alike(name: str, texts: list[str]) -> None:
    text = ", ".join(texts)
    several = list_of(CONVERTERS[name])
    assert outcome(several.parse, text) == outcome(converter(f"list of {name}"), text)


@given(st.sets(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=3), st.text("abc"))
def test_choices_are_read_alike(names: set[str], text: str) -> None:
    words = tuple(sorted(names))
    chosen = configured.choice(*words)
    assert outcome(chosen.parse, text) == outcome(converter("choice", words), text)


@given(st.sampled_from(sorted(CONVERTERS)), TEXTS)
def test_a_default_that_was_written_is_read_again(name: str, text: str) -> None:
    kind, value = outcome(CONVERTERS[name].parse, text)
    if kind == "value":
        assert converter(name)(CONVERTERS[name].show(value)) == value
