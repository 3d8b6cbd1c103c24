"""What is written as YAML is read back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from fata.ci.yaml import Noted, document

_text = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=20)
_scalars = st.one_of(_text, st.integers(-9999, 9999), st.booleans())
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_text.filter(bool), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(_text.filter(bool), _values, min_size=1, max_size=4))
def test_any_data(data: dict[str, Any]) -> None:
    assert YAML(typ="safe", pure=True).load(document(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        *("on", "No", "null", "~", "1.5", ".5", "0x1f", "12:30", "a: b", "a #b", "- a", "*a"),
        *("&a", "!a", "{a}", "[a]", "a:", " a", "a ", "", "%a", "@a", "`a", "'a'", '"'),
        *("a\nb", "a\nb\n", "${{ a }}"),
    ],
)
def test_text_that_other_parsers_take_for_something_else(text: str) -> None:
    data = {"key": text, "list": [text, {"key": text}]}
    assert YAML(typ="safe", pure=True).load(document(data)) == data
    old = YAML(typ="safe", pure=True)
    old.version = (1, 1)  # type: ignore[assignment]
    assert old.load(document(data)) == data


def test_a_note_is_a_comment() -> None:
    assert document({"image": Noted("a@b", "c"), "b": {}}) == "image: a@b  # c\n\nb: {}\n"
