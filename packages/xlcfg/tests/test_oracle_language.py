"""The language is xl's own: its parser and ours take and refuse the same, and read the same.

The real parser is libxlutil of Debian's package, called off Xen in a process of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlcfg import parse_all, render, values
from xlcfg.rules import Xl
from xlcfg.text import encode

from .conftest import CORPUS
from .oracle import packages
from .oracle.parser import Parser
from .strategies import LAW, documents, sums

pytestmark = pytest.mark.e2e

PIECES = [
    b"a", b"b", b"name", b"z9_.x", b"=", b"+=", b"+", b" ", b"\t", b"\n", b"#", b"#c\n", b"[",
    b"[", b"]", b"]", b",", b",", b";", b"1", b"0x1f", b"12a", b'"x"', b"'y'", b'"a\\nb"',
    b'"\\101"', b'"\\1 2"', b'"\\12"', b'"\\x41"', b'"', b"'", b"\\", b"\xe9", b'"\xe9\xff"',
    b"A", b".", b"\r", b'"q\\"r"', b"'\\''", b"_", b'""', b'"#"', b"a=1\n", b"a+=2\n",
    b"b=[1,\n2]\n", b'a=[[1],"2",]\n', b"\\8", b'"\\9"', b'"\\777"', b'"\\1+1"', b'"\\0-9"',
    b'"\\1\xc3\xa9"', b'"\\1 x"', b"True", b"-1", b"1.5",
]  # fmt: skip


def raw(data: Any) -> Any:
    """Values as the worker writes them: bytes as Latin-1."""
    return encode(data).decode("latin-1") if isinstance(data, str) else [raw(x) for x in data]


def compare(text: bytes, xlu: Parser) -> bool:
    """Hold both parsers against a text; whether they took it."""
    document, problems = parse_all(text)
    theirs = xlu.read(text, list(document.names))
    if problems and problems[0].rule.xl is not Xl.REJECTS:
        return False
    assert theirs.accepted is not bool(problems), (text, problems, theirs)
    if problems:
        line = problems[0].at.line
        assert theirs.line in (line - 1, line, line + 1, None), (text, problems, theirs)
        return False
    ours = {name: raw(data) for name, data in values(document).items()}
    assert ours == theirs.values, text
    assert encode(render(document)) == text
    return True


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_our_corpus(path: Path, xlu: Parser) -> None:
    compare(path.read_bytes(), xlu)


def test_the_examples_of_debian(xlu: Parser) -> None:
    paths = packages.examples()
    assert len(paths) >= 3
    for path in paths:
        assert compare(path.read_bytes(), xlu), path.name


@settings(LAW, max_examples=800)
@given(documents())
def test_what_we_generate_is_read_the_same(xlu: Parser, document: object) -> None:
    compare(encode(render(document)), xlu)  # type: ignore[arg-type]


@settings(LAW, max_examples=500)
@given(sums())
def test_sums_are_read_the_same(xlu: Parser, document: object) -> None:
    assert compare(encode(render(document)), xlu)  # type: ignore[arg-type]


@settings(LAW, max_examples=4000)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
def test_pieces_in_any_order_are_taken_and_refused_alike(xlu: Parser, text: bytes) -> None:
    compare(text, xlu)


@settings(LAW, max_examples=800)
@given(documents(), st.data())
def test_a_configuration_with_one_change(xlu: Parser, document: object, data: Any) -> None:
    text = encode(render(document))  # type: ignore[arg-type]
    place = data.draw(st.integers(0, len(text)))
    size = data.draw(st.integers(0, 3))
    compare(text[:place] + data.draw(st.sampled_from(PIECES)) + text[place + size :], xlu)


@settings(LAW, max_examples=1000)
@given(st.binary(max_size=40).filter(lambda data: b"\0" not in data))
def test_any_bytes(xlu: Parser, text: bytes) -> None:
    compare(text, xlu)


def test_where_we_are_stricter(xlu: Parser) -> None:
    """The rules of the language that xl does not have; the manual lists them."""
    assert xlu.read(b"a=1$", ["a"]).accepted
    assert xlu.read(b"# \0\n", []).accepted
    assert xlu.read(b"a='\0'\n", ["a"]).aborted
    assert xlu.read(b"a=" + b"[" * 65 + b"]" * 65, ["a"]).accepted
    for text, rule in ((b"a=1$", "last"), (b"# \0\n", "nul"), (b"a=" + b"[" * 65, "nesting")):
        assert parse_all(text)[1][0].rule.name == rule
