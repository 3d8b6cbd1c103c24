"""The standard layout."""

from __future__ import annotations

from collections import Counter

from hypothesis import given

from xlcfg import Document, fmt, parse, values
from xlcfg.lexer import Kind, tokens

from .strategies import LAW, documents

BEFORE = """\


# A guest
name='web';memory=0x40 # in MiB


disk=[ '/dev/vg/root,raw,xvda' # the root
 ,
 # for uploads
 "/dev/vg/data,raw,xvdb"]
vif=[ 'bridge=xenbr0','bridge=xenbr1' , ]
extra='say "hi"' ; # the end;
"""

AFTER = """\
# A guest
name = "web"
memory = 0x40  # in MiB

disk = [
    "/dev/vg/root,raw,xvda",  # the root
    # for uploads
    "/dev/vg/data,raw,xvdb",
]
vif = ["bridge=xenbr0", "bridge=xenbr1"]
extra = 'say "hi"'
# the end;
"""


def test_an_example() -> None:
    assert fmt(parse(BEFORE)) == AFTER


def test_long_lists_get_lines() -> None:
    text = fmt(parse("vif=[" + ",".join(f"'bridge=bridge{n}'" for n in range(9)) + "]\n"))
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("\n") == 11


def test_what_xl_reads_as_nothing_is_left_alone() -> None:
    assert fmt(parse("a='\\101'\n")) == "a = '\\101'\n"


def test_nothing_stays_nothing() -> None:
    assert fmt(parse("")) == ""
    assert fmt(parse("\n\n")) == ""
    assert fmt(parse("# only\n")) == "# only\n"


def comments(text: str) -> Counter[str]:
    return Counter(
        token.text.rstrip(" \t\n") for token in tokens(text) if token.kind is Kind.COMMENT
    )


@LAW
@given(documents())
def test_values_and_comments_stay(document: Document) -> None:
    from xlcfg import render

    text = fmt(document)
    assert values(parse(text)) == values(document)
    assert comments(text) == comments(render(document))


@LAW
@given(documents())
def test_the_layout_is_settled_after_once(document: Document) -> None:
    text = fmt(document)
    assert fmt(parse(text)) == text
