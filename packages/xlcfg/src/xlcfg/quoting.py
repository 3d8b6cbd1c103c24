r"""Strings as they are written: quotes and escapes.

Source: the lexer of libxlutil 4.17. A string ends on its line, in the quote that began it. An
escape is one of `\\ \' \" \a \b \f \n \r \t \v`; a hexadecimal one is always refused.
An octal one needs two more digits, which are read as decimal, and stands for nothing at all.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ESCAPES = {
    "'": "'", '"': '"', "\\": "\\",
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_WRITTEN = {value: f"\\{name}" for name, value in _ESCAPES.items() if name not in "'\""}

_DIGITS = re.compile(r"[ \t\v\f\r]*[-+]?[0-9]+")
_MUST_ESCAPE = re.compile(r'["\\\a\b\f\n\r\t\v]')


class Escape(NamedTuple):
    """`Escape(offset, text, good)` is an escape that means less than it seems to.

    `offset` counts characters of the written string, its quote included. A `good` one is read
    by `xl`, as nothing; any other makes `xl` refuse the file.
    """

    offset: int
    text: str
    good: bool


def quote(value: str) -> str:
    """`quote(value)` is the string that reads as `value`, in double quotes where it can be.

    Raises `ValueError` for a NUL character, which no string can hold.
    """
    if "\0" in value:
        raise ValueError("a string cannot hold a NUL character")
    return '"' + _MUST_ESCAPE.sub(_written, value) + '"'


def escape(value: str, mark: str) -> str:
    """What stands for `value` between quotes of the kind `mark`; raises as `quote` does."""
    text = quote(value)[1:-1]
    return text if mark == '"' else text.replace('\\"', '"').replace("'", "\\'")


def unquote(written: str) -> str:
    """`unquote(written)` is the value of a string that is written with its quotes."""
    body = written[1:-1]
    if "\\" not in body:
        return body
    return _resolve(body)[0]


def odd_escapes(written: str) -> list[Escape]:
    """The escapes of a written string that `xl` refuses or reads as nothing."""
    return _resolve(written[1:-1])[1] if "\\" in written else []


def offset_in(written: str, offset: int) -> int:
    """The place in a written string of the character at `offset` of its value."""
    if "\\" not in written:
        return offset + 1
    return _resolve(written[1:-1], offset)[2] + 1


def _written(match: re.Match[str]) -> str:
    return '\\"' if match[0] == '"' else _WRITTEN[match[0]]


def _resolve(body: str, stop: int = -1) -> tuple[str, list[Escape], int]:
    """The value of a body, its odd escapes, and where character `stop` of the value is."""
    parts: list[str] = []
    odd: list[Escape] = []
    place = length = 0
    while True:
        escape = body.find("\\", place)
        plain = body[place:] if escape < 0 else body[place:escape]
        if 0 <= stop <= length + len(plain):
            return "", odd, place + stop - length
        parts.append(plain)
        length += len(plain)
        if escape < 0:
            return "".join(parts), odd, len(body)
        text, value, good = _one(body, escape)
        if value is None:
            odd.append(Escape(escape + 1, text, good))
        else:
            parts.append(value)
            length += len(value)
        place = escape + len(text)


def _one(body: str, start: int) -> tuple[str, str | None, bool]:
    """One escape: its text, its value, and whether `xl` takes it."""
    name = body[start + 1]
    if name in _ESCAPES:
        return body[start : start + 2], _ESCAPES[name], True
    if name in "01234567":
        rest = _DIGITS.match(body[start + 2 : start + 5])
        if rest is not None and len(rest[0]) >= 2:
            return body[start : start + 2 + len(rest[0])], None, True
    return body[start : start + 2], None, False
