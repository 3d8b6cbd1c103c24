"""Converters: from the text of a boot argument to its value, one by each name."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from collections.abc import Callable

    Converter = Callable[[str], object]

LIST = "list of "

ELSEWHERE = {
    "ipv4": "libos.boot.addresses",
    "ipv6": "libos.boot.addresses",
    "address": "libos.boot.addresses",
    "network4": "libos.boot.addresses",
    "network6": "libos.boot.addresses",
    "network": "libos.boot.addresses",
    "mac": "libos.boot.addresses",
    "size": "libos.boot.quantities",
    "duration": "libos.boot.quantities",
}
"""The module of each converter that is not here. An image has those that its program names."""


def integer(text: str) -> int:
    """`integer(text)` is the decimal number that `text` writes. Raises `ValueError`."""
    try:
        if not text.isascii():
            raise ValueError
        return int(text, 10)
    except ValueError:
        raise ValueError(f"`{text}` is not a whole number") from None


def boolean(text: str) -> bool:
    """`boolean(text)` is the truth that `text` says. Raises `ValueError`."""
    lowered = text.lower()
    if lowered in ("true", "yes", "on", "1"):
        return True
    if lowered in ("false", "no", "off", "0"):
        return False
    raise ValueError(f"`{text}` is not `true` or `false`")


def port(text: str) -> int:
    """`port(text)` is a port number. Raises `ValueError`."""
    number = integer(text)
    if not 0 < number < 65536:
        raise ValueError(f"`{text}` is not a port from 1 to 65535")
    return number


def path(text: str) -> str:
    """`path(text)` is `text`, if it can be a path. Raises `ValueError`."""
    if not text or "\0" in text:
        raise ValueError(f"`{text}` is not a path")
    return text


_HERE: dict[str, Converter] = {
    "str": str,
    "int": integer,
    "bool": boolean,
    "port": port,
    "path": path,
    "choice": str,
}


def converter(name: str, choices: tuple[str, ...] = ()) -> Converter:
    """`converter(name, choices)` is the function of that name, text to value.

    It raises `ValueError` with a sentence such as "`x` is not a number", also for what is not
    among the `choices`, if there are any. Raises `KeyError` for a name that there is not.
    """
    if name.startswith(LIST):
        return list_of(converter(name.removeprefix(LIST), choices))
    if name == "words":
        return list_of(str)
    if choices:
        return _choice(choices)
    if name in ELSEWHERE:
        from importlib import import_module

        found: Converter = getattr(import_module(ELSEWHERE[name]), name)
        return found
    return _HERE[name]


def list_of(element: Converter) -> Converter:
    """`list_of(element)` reads a tuple of what `element` reads, comma between."""
    return lambda text: tuple(element(part.strip()) for part in text.split(",") if part.strip())


def _choice(choices: tuple[str, ...]) -> Converter:
    def parse(text: str) -> str:
        if text not in choices:
            names = ", ".join(f"`{choice}`" for choice in choices)
            raise ValueError(f"`{text}` is not one of {names}")
        return text

    return parse
