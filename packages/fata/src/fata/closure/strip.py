"""Symbol tables that only debuggers read, removed with binutils."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from fata.cache import Cache, cache_directory, key_of, key_of_file
from fata.closure.elf import is_elf, parse_elf, read_elf
from fata.closure.entry import Entry, EntryKind
from functoria.error import UserError

_BINARY = {EntryKind.INTERPRETER, EntryKind.EXTENSION, EntryKind.LIBRARY}


def stripped(entries: Iterable[Entry]) -> Iterator[Entry]:
    """`stripped(entries)` is the entries, without symbol tables where `strip` is installed.

    A file that strip would break, as it does some that patchelf has rewritten, stays as it is.
    """
    tool = shutil.which("strip")
    for entry in entries:
        if tool is None or entry.kind not in _BINARY or not isinstance(entry.source, Path):
            yield entry
            continue
        content = _strip(tool, entry.source) if read_elf(entry.source).symbols else b""
        yield replace(entry, source=content, size=len(content)) if content else entry


def _strip(tool: str, path: Path) -> bytes:
    """The file without symbols; empty where that is not possible."""
    cache = Cache(cache_directory() / "stripped")
    key = key_of(key_of_file("1", path), key_of_file("1", Path(tool)))
    known = cache.get(key)
    if known is None:
        known = _run(tool, path.read_bytes())
        cache.put(key, known)
    return known


def _run(tool: str, content: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="fata-strip-") as scratch:
        target = Path(scratch) / "binary"
        target.write_bytes(content)
        command = [tool, "--strip-unneeded", str(target)]
        done = subprocess.run(command, capture_output=True, check=False)
        result = target.read_bytes() if done.returncode == 0 else b""
    return result if is_elf(result) and same_to_the_loader(content, result) else b""


def same_to_the_loader(before: bytes, after: bytes) -> bool:
    """`same_to_the_loader(before, after)` is whether both load alike and `after` can be mapped."""
    try:
        one, two = parse_elf(before, "before"), parse_elf(after, "after")
    except UserError:
        return False
    return replace(one, symbols=False) == replace(two, symbols=False) and _mappable(after)


def _mappable(content: bytes) -> bool:
    from elftools.elf.elffile import ELFFile  # see elf.py

    segments = ELFFile(BytesIO(content)).iter_segments("PT_LOAD")
    return all(
        s["p_align"] < 2 or s["p_offset"] % s["p_align"] == s["p_vaddr"] % s["p_align"]
        for s in segments
    )
