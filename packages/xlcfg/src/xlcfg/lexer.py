"""Tokens: the words of the language, each with its place.

Source: the lexer of libxlutil 4.17. A name is lower case and may hold dots; a number starts with
a digit and may hold the letters a to f and x; a comment must end in a newline; a string cannot
span lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from xlcfg.position import Position


class Kind(Enum):
    """What a token is."""

    BLANK = "blank"
    NEWLINE = "newline"
    COMMENT = "comment"
    NAME = "name"
    NUMBER = "number"
    STRING = "string"
    MARK = "mark"
    OPEN_STRING = "open string"
    OPEN_COMMENT = "open comment"
    STRANGE = "strange"
    END = "end"


class Token(NamedTuple):
    """`Token(kind, text, line, column)` is one word of a text and its place."""

    kind: Kind
    text: str
    line: int
    column: int

    @property
    def at(self) -> Position:
        """Its place."""
        return Position(self.line, self.column)


_GROUPS = (
    (Kind.BLANK, r"[ \t]+"),
    (Kind.NEWLINE, r"\n"),
    (Kind.NAME, r"[a-z][._0-9a-z]*+"),
    (Kind.NUMBER, r"[0-9][0-9a-fx]*+"),
    (Kind.STRING, r"""'(?:[^'\\\n]++|\\[^\n])*+'|"(?:[^"\\\n]++|\\[^\n])*+\""""),
    (Kind.MARK, r"\+=|[\[\],=;]"),
    (Kind.COMMENT, r"#[^\n]*+\n"),
    (Kind.OPEN_COMMENT, r"#[^\n]*+"),
    (Kind.OPEN_STRING, r"['\"][^\n]*+"),
    (Kind.STRANGE, r"[^ \t\n]"),
)
_WORD = re.compile("|".join(f"({pattern})" for _, pattern in _GROUPS))
_KINDS = (Kind.END, *(kind for kind, _ in _GROUPS))


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, an `END` as the last; their texts joined are the text."""
    line, begin = 1, 0
    for match in _WORD.finditer(text):
        kind = _KINDS[match.lastindex or 0]
        word = match[0]
        yield Token(kind, word, line, match.start() - begin + 1)
        if kind is Kind.NEWLINE or kind is Kind.COMMENT:
            line += 1
            begin = match.end()
    yield Token(Kind.END, "", line, len(text) - begin + 1)
