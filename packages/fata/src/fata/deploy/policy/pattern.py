"""Names and numbers of which a policy speaks together: `shop-*`, `8000-8999`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fata.settings.refusal import RefusedError

ANY = "*"
_PATTERN = re.compile(r"[a-z*][a-z0-9*-]{0,30}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", re.ASCII)
_BRIDGE = re.compile(r"[A-Za-z0-9_.-]{1,15}", re.ASCII)
_PORTS = 1 << 16


def parse_pattern(text: str) -> str:
    """`parse_pattern("shop-*")` is that text, if it can stand for names. Raises `ValueError`."""
    if not _PATTERN.fullmatch(text):
        raise RefusedError(
            f"`{text}` stands for no name",
            "write a name of small letters, digits and `-`, in which `*` stands for any of them",
        )
    return text


def matches(patterns: tuple[str, ...], name: str) -> bool:
    """`matches(("shop-*",), "shop-api")` is whether one of the patterns stands for the name.

    What cannot be the name of an app or an environment, none stands for.
    """
    return _NAME.fullmatch(name) is not None and any(
        fnmatchcase(name, pattern) for pattern in patterns
    )


@dataclass(frozen=True, slots=True)
class PortRange:
    """`PortRange(first, last)` is these ports and all between them."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"


def parse_ports(text: str) -> PortRange:
    """`parse_ports("8000-8999")` is that range, `parse_ports("80")` one port.

    Raises `ValueError`.
    """
    match = _RANGE.fullmatch(text)
    first = int(match[1]) if match else 0
    last = int(match[2]) if match and match[2] else first
    if not 1 <= first <= last < _PORTS:
        raise RefusedError(
            f"`{text}` is no range of ports", "write `80`, or `8000-8999` for all from 8000 on"
        )
    return PortRange(first, last)


def parse_bridge(text: str) -> str:
    """`parse_bridge("fata0")` is that name of a bridge. Raises `ValueError`."""
    if not _BRIDGE.fullmatch(text):
        raise RefusedError(f"`{text}` cannot be a bridge", "write its name, such as `fata0`")
    return text
