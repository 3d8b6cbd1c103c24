"""The language of xl.cfg(5): what is read, where it stands, and how it comes back."""

from __future__ import annotations

import pytest
from hypothesis import given

from xlcfg import Document, Operator, ParseError, Position, parse, render, values
from xlcfg.lexer import tokens

from .strategies import LAW, documents, sums

EXAMPLE = """\
# A guest.
name = "web"; memory=0x100   # in MiB
disk = [ '/dev/vg/root,raw,xvda,rw',   # the root
         "/dev/vg/data,raw,xvdb" ,
       ]
vnuma = [ [ "pnode=0", 'size=1' ], [] ]
extra = "quiet"
extra += ' "loud"'
"""


def test_a_configuration_says_what_xl_reads() -> None:
    assert values(parse(EXAMPLE)) == {
        "name": "web",
        "memory": "0x100",
        "disk": ["/dev/vg/root,raw,xvda,rw", "/dev/vg/data,raw,xvdb"],
        "vnuma": [["pnode=0", "size=1"], []],
        "extra": 'quiet "loud"',
    }


def test_it_comes_back_byte_for_byte() -> None:
    assert render(parse(EXAMPLE)) == EXAMPLE


def test_values_know_their_place() -> None:
    document = parse(EXAMPLE)
    name, memory, disk, *_ = document.settings
    assert (name.at, name.value.at) == (Position(2, 1), Position(2, 8))
    assert memory.at == Position(2, 15)
    assert disk.value.values[1].at == Position(4, 10)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a='it'", "it"),
        ('a="it\'s"', "it's"),
        (r'a="\"\\\'\n\t\a\b\f\v\r"', "\"\\'\n\t\a\b\f\v\r"),
        ("a=007", "007"),
        ("a=0xff", "0xff"),
        ("a=1f", "1f"),
        ('a="caf\u00e9"', "caf\u00e9"),
        (r"a='x\101y'", "xy"),
        ("a=[]", []),
        ("a=[1]", ["1"]),
        ("a=[\n#c\n1\n,\n2,]", ["1", "2"]),
        ("a=[[[]],'']", [[[]], ""]),
    ],
)
def test_values(text: str, value: object) -> None:
    assert values(parse(text)) == {"a": value}


def test_settings_end_in_newlines_or_semicolons_and_the_last_one_need_not() -> None:
    assert values(parse(";;a=1;b=2;\n;c=3")) == {"a": "1", "b": "2", "c": "3"}


def test_the_last_setting_of_a_name_counts() -> None:
    assert values(parse("a=1\na=[2]\na+=[3]\n")) == {"a": ["2", "3"]}
    assert values(parse("a+=1\na+='2'\n")) == {"a": "12"}


def test_names_are_kept_in_order() -> None:
    assert parse("b=1\na=2\nb=3\n").names == ("b", "a")


def test_bytes_that_are_no_utf_8_come_back() -> None:
    data = b"# caf\xe9\nname='\xff\xfe'\n"
    document = parse(data)
    assert render(document).encode("utf-8", "surrogateescape") == data


def test_an_empty_text_is_a_configuration() -> None:
    assert parse("") == Document(())
    assert parse("\n# nothing\n") == Document((), "\n# nothing\n")


@LAW
@given(documents())
def test_parse_render_is_the_identity_on_trees(document: Document) -> None:
    assert parse(render(document)) == document


@LAW
@given(documents())
def test_render_parse_is_the_identity_on_texts(document: Document) -> None:
    text = render(document)
    assert render(parse(text)) == text
    assert "".join(token.text for token in tokens(text)) == text


@LAW
@given(sums())
def test_sums_are_what_python_makes_of_them(document: Document) -> None:
    expected: dict[str, list[object] | str] = {}
    for setting in document.settings:
        one = values(Document((setting,)))[setting.name]
        before = expected.get(setting.name)
        adds = setting.operator is Operator.ADD and before is not None
        expected[setting.name] = before + one if adds else one  # type: ignore[operator,assignment]
    assert values(document) == expected


@pytest.mark.parametrize(
    ("text", "at", "what"),
    [
        ("a", "1:2", "the text ends where `=` or `+=` is due"),
        ("a=\n", "1:3", "the line ends where a string in quotes, a number or `[` is due"),
        ("a=1 b=2", "1:5", "`b` stands where a newline or `;` is due"),
        ("a=[1 2]", "1:6", "`2` stands where `,` or `]` is due"),
        ("a=[1,,2]", "1:6", "`,` stands where a string in quotes, a number or `[` is due"),
        ("a='x", "1:3", "the string `'x` does not end on its line"),
        ('a="x\\\ny"', "1:3", 'the string `"x\\` does not end on its line'),
        ("Name=1", "1:1", "`N` cannot stand here: the name of an option is due"),
        ("a=-1", "1:3", "`-` cannot stand here: a string in quotes, a number or `[` is due"),
        ("a=True", "1:3", "`T` cannot stand here: a string in quotes, a number or `[` is due"),
        ("a=1\r\n", "1:4", "`\\x0d` cannot stand here: a newline or `;` is due"),
        ("a=1\n# end", "2:1", "the comment at the end has no newline after it"),
        (r'a="\x41"', "1:4", r"`\x` is no escape"),
        (r'a="ab\q"', "1:6", r"`\q` is no escape"),
        ("a=[1]\na+='x'\n", "2:4", "`a` is a list and a string is added"),
        ("a=1$", "1:4", "`$` cannot stand here: a newline or `;` is due"),
        ("a=256M\n", "1:6", "`M` cannot stand here: a newline or `;` is due"),
    ],
)
def test_what_is_not_the_language_is_told_with_its_place(text: str, at: str, what: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text, "guest.xl")
    first = caught.value.problems[0]
    assert (str(first.at), first.what) == (at, what)
    assert caught.value.where == f"guest.xl:{at}"
    assert first.do


def test_reading_goes_on_after_an_error() -> None:
    with pytest.raises(ParseError) as caught:
        parse("a=\nb=1\nC=2\nd='\n")
    assert [problem.at.line for problem in caught.value.problems] == [1, 3, 4]
