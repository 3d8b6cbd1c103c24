"""Names of modules inside extension modules: what C code imports, no syntax tree shows."""

from __future__ import annotations

import re
from pathlib import Path

from fata.cache import Cache, cache_directory, key_of_file

_NAME = re.compile(rb"(?<=\0)[a-z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*)*(?=\0)")
LONGEST = 100


def names_in_binary(path: Path) -> tuple[str, ...]:
    """`names_in_binary(path)` is each NUL-terminated string in a file that could name a module.

    `PyImport_ImportModule` takes such a string. Most of them name something else: it is for the
    caller to keep those that are modules.
    """
    cache, key = Cache(cache_directory() / "strings"), key_of_file("1", path)
    known = cache.get(key)
    if known is None:
        content = path.read_bytes()
        known = b"\n".join(sorted({n for n in _NAME.findall(content) if len(n) <= LONGEST}))
        cache.put(key, known)
    return tuple(known.decode("ascii").split("\n")) if known else ()
