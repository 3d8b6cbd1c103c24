"""Where the dynamic loader looks for libraries, on this machine and in an image without a cache."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fata.cache import Cache, cache_directory, key_of

DEEPEST = 8  # nested `include` lines of ld.so.conf


@dataclass(frozen=True, slots=True)
class Loader:
    """`Loader(path, trusted, configured)` is a dynamic loader and its directories, in order.

    `trusted` are compiled into it: there it looks in an image too. `configured` are those of
    /etc/ld.so.conf, which exist on this machine only.
    """

    path: Path
    trusted: tuple[str, ...]
    configured: tuple[str, ...]


def loader(path: Path) -> Loader:
    """`loader(path)` is what the dynamic loader at `path` says of itself (ld.so(8), `--help`)."""
    trusted = _asked(path) or ("/lib", "/usr/lib")
    return Loader(
        path, trusted, tuple(dict.fromkeys(_configured(Path("/etc/ld.so.conf"), DEEPEST)))
    )


def _asked(path: Path) -> tuple[str, ...]:
    status = path.stat()
    cache = Cache(cache_directory() / "loaders")
    key = key_of("1", str(path), str(status.st_size), str(status.st_mtime_ns))
    known = cache.get(key)
    if known is None:
        try:
            done = subprocess.run([path, "--help"], capture_output=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ()
        known = b"\n".join(
            re.findall(rb"^\s+(/\S+) \(system search path\)$", done.stdout, re.MULTILINE)
        )
        cache.put(key, known)
    return tuple(known.decode("utf-8", "replace").split("\n")) if known else ()


def _configured(path: Path, depth: int) -> Iterator[str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.partition("#")[0].split()
        if words[:1] == ["include"] and depth:
            for pattern in words[1:]:
                for included in sorted(path.parent.glob(pattern.removeprefix(f"{path.parent}/"))):
                    yield from _configured(included, depth - 1)
        elif words and words[0].startswith("/"):
            yield words[0]
