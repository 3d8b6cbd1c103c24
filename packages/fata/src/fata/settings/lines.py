"""Where in a TOML document something is written, which `tomllib` does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

Path = tuple[str, ...]

_AT = re.compile(r"\(at line ([0-9]+), column [0-9]+\)")


def line_of(text: str, path: Path) -> int:
    """`line_of(text, ("pipeline", "test"))` is the line (from 1) that says `pipeline.test`.

    Where nothing says it, it is the line of the innermost table around it, and at last 1.
    """
    best, depth = 1, 0
    for line, said in _statements(text):
        common = _common(said, path)
        if common > depth:
            best, depth = line, common
        if common == len(path):
            break
    return best


def line_holding(text: str, first: int, part: str) -> int:
    """`line_holding(text, 3, "80:80")` is the first line from 3 on with that text, otherwise 3."""
    for number, line in enumerate(text.split("\n")[first - 1 :], first):
        if part in line:
            return number
    return first


def line_of_error(text: str, error: ValueError) -> int:
    """`line_of_error(text, error)` is the line that an error of `tomllib.loads` speaks of."""
    match = _AT.search(str(error))
    return int(match[1]) if match else max(len(text.splitlines()), 1)


def _common(said: Path, path: Path) -> int:
    count = 0
    for one, other in zip(said, path, strict=False):
        if one != other:
            break
        count += 1
    return count


def _statements(text: str) -> Iterator[tuple[int, Path]]:
    """Each path that the document says, with its line; tables before what is in them.

    A statement is the shortest run of lines that is a document by itself.
    """
    header: Path = ()
    first, pending = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        pending += line + "\n"
        first = first or number
        try:
            data = tomllib.loads(pending)
        except ValueError:
            continue
        if pending.lstrip().startswith("["):
            header = _header(data)
            yield first, header
        else:
            for said in _paths(data):
                yield first, header + said
        first, pending = 0, ""


def _header(data: object) -> Path:
    if isinstance(data, list):
        return _header(data[0])
    if isinstance(data, dict) and data:
        ((name, inner),) = data.items()
        return (str(name), *_header(inner))
    return ()


def _paths(data: dict[str, object]) -> Iterator[Path]:
    for name, value in data.items():
        yield (name,)
        if isinstance(value, dict):
            for rest in _paths(value):
                yield (name, *rest)
