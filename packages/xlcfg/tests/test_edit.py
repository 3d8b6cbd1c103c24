"""Editing: what the operator wrote stays, byte for byte, but for what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcfg import Document, parse, render, set_value, unset, values

from .strategies import LAW, documents, names

TEXT = """\
# The web server.
name = 'web'   # as in DNS
memory=64 ; vcpus = 1

disk = [
    '/dev/vg/root,raw,xvda,rw',  # the root
    # for uploads
    "/dev/vg/data,raw,xvdb",
]
extra = "quiet"
extra += " loud"
"""


def edited(name: str, value: object, text: str = TEXT) -> str:
    return render(set_value(parse(text), name, value))  # type: ignore[arg-type]


def test_a_value_changes_and_nothing_else() -> None:
    assert edited("memory", 128) == TEXT.replace("memory=64", "memory=128")
    assert edited("name", "www") == TEXT.replace("'web'", "'www'")
    assert edited("vcpus", "2 ") == TEXT.replace("vcpus = 1", 'vcpus = "2 "')


def test_quotes_stay_unless_the_value_needs_others() -> None:
    assert edited("name", "it's") == TEXT.replace("'web'", '"it\'s"')


def test_a_value_that_is_the_same_changes_nothing() -> None:
    assert edited("memory", "64") == TEXT
    assert edited("extra", "quiet loud") == TEXT


def test_an_item_of_a_list_changes_in_its_place() -> None:
    new = ["/dev/vg/root,raw,xvda,rw", "/dev/vg/data2,raw,xvdb"]
    assert edited("disk", new) == TEXT.replace("vg/data,", "vg/data2,")


def test_items_come_and_go_and_the_others_keep_their_comments() -> None:
    more = ["/dev/vg/root,raw,xvda,rw", "/dev/vg/data,raw,xvdb", "/dev/vg/c,raw,xvdc"]
    text = edited("disk", more)
    assert '    "/dev/vg/c,raw,xvdc",\n]' in text
    assert "# the root" in text
    assert "# for uploads" in text
    assert values(parse(text))["disk"] == more
    less = edited("disk", ["/dev/vg/data,raw,xvdb"])
    assert "# for uploads" in less
    assert edited("disk", [], "disk = ['a']\n") == "disk = []\n"
    assert edited("disk", ["b"], "disk = []\n") == 'disk = ["b"]\n'
    assert edited("disk", ["a", "b"], "disk = [ 'a' ]\n") == "disk = [ 'a', \"b\" ]\n"


def test_what_was_added_before_goes() -> None:
    assert edited("extra", "still") == TEXT.replace('"quiet"\nextra += " loud"', '"still"')


def test_a_new_option_comes_last_on_a_line_of_its_own() -> None:
    assert edited("on_crash", "preserve") == TEXT + 'on_crash = "preserve"\n'
    assert edited("b", 2, "a=1") == "a=1\nb=2\n"
    assert edited("b", 2, "a=1;") == "a=1;\nb=2\n"
    assert edited("b", True, "") == "b = 1\n"
    assert edited("b", -1, "# c\n") == '# c\nb = "-1"\n'


def test_an_option_goes_and_the_comments_above_it_stay() -> None:
    assert render(unset(parse(TEXT), "extra")) == TEXT[: TEXT.index("extra")]
    assert render(unset(parse("# why\na=1 # a\nb=2\n"), "a")) == "# why\nb=2\n"
    assert render(unset(parse("a=1; b=2\nc=3\n"), "b")) == "a=1; \nc=3\n".replace("; \n", "; \n")
    assert render(unset(parse("a=1; b=2\nc=3\n"), "a")) == " b=2\nc=3\n"
    assert unset(parse("a=1\n"), "b") == parse("a=1\n")


def test_a_nul_character_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="NUL"):
        edited("name", "a\0")


datas = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@LAW
@given(documents(), names, datas)
def test_what_is_set_is_said_and_the_rest_is_as_before(
    document: Document, name: str, data: object
) -> None:
    changed = set_value(document, name, data)  # type: ignore[arg-type]
    assert values(changed) == {**values(document), name: data}
    assert parse(render(changed)) == changed or values(parse(render(changed))) == values(changed)


@LAW
@given(documents(), names)
def test_what_is_unset_is_gone_and_the_rest_is_as_before(document: Document, name: str) -> None:
    changed = unset(document, name)
    rest = {other: data for other, data in values(document).items() if other != name}
    assert values(parse(render(changed))) == values(changed) == rest


@LAW
@given(documents(), names)
def test_setting_what_is_set_changes_no_byte(document: Document, name: str) -> None:
    data = values(document).get(name)
    if data is not None:
        assert render(set_value(document, name, data)) == render(document)
