"""Numbers, truth, text and paths."""

from __future__ import annotations

from functoria.converter.model import Converter


def integer(text: str) -> int:
    """`integer(text)` is the decimal number that `text` writes. Raises `ValueError`."""
    try:
        if not text.isascii():
            raise ValueError
        return int(text, 10)
    except ValueError:
        raise ValueError(f"`{text}` is not a whole number") from None


def is_integer(value: object) -> bool:
    """`is_integer(value)` is whether it is a number, which `True` is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_text(value: object) -> bool:
    """`is_text(value)` is whether it is a `str`."""
    return isinstance(value, str)


def _boolean(text: str) -> bool:
    match text.lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
    raise ValueError(f"`{text}` is not `true` or `false`")


def _show_boolean(value: bool) -> str:
    return "true" if value else "false"


def _path(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError(f"`{text}` is not a path")
    return text


INTEGER = Converter("int", integer, str, is_integer)
BOOLEAN = Converter("bool", _boolean, _show_boolean, lambda value: isinstance(value, bool))
STRING = Converter("str", str, str, is_text)
PATH = Converter("path", _path, str, lambda value: is_text(value) and value != "")
"""A path as text: what it is relative to, the option's `doc` says."""
