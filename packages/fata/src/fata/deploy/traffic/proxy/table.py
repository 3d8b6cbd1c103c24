"""`traffic.json`: the routes that a proxy is to carry."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fata.deploy.traffic.route import Route

FILE = "traffic.json"
_LARGEST = 1 << 20


def encode(routes: tuple[Route, ...]) -> bytes:
    """`encode(routes)` is the content of the file."""
    return msgspec.json.format(msgspec.json.encode(routes), indent=2) + b"\n"


def decode(data: bytes) -> tuple[Route, ...]:
    """`decode(data)` is the routes in that content. Raises `ValueError`."""
    if len(data) > _LARGEST:
        raise ValueError("it is larger than any file of routes")
    try:
        return msgspec.json.decode(data, type=tuple[Route, ...])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error


def load(directory: Path) -> tuple[Route, ...] | None:
    """`load(directory)` is the routes there; `None` where there are none, or damaged ones."""
    try:
        return decode((directory / FILE).read_bytes())
    except (OSError, ValueError):
        return None
