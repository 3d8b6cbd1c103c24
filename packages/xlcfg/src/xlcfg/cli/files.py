"""Files of the command line: read whole, written whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from xlcfg.error import XlcfgError
from xlcfg.parser import MAX_LENGTH, parse
from xlcfg.text import decode, encode
from xlcfg.tree import Document

VERSION = "0.1.0"
"""The version of the package."""


def read_bytes(name: str) -> bytes:
    """The bytes of a file, or of standard input for `-`; raises `XlcfgError`."""
    limit = MAX_LENGTH * 4 + 1
    try:
        if name == "-":
            return sys.stdin.buffer.read(limit)
        with Path(name).open("rb") as file:
            return file.read(limit)
    except OSError as error:
        do = "name a file that can be read, or `-`"
        raise XlcfgError(f"cannot read it: {error.strerror}", name, do) from error


def read_text(name: str) -> str:
    """The text of a file; bytes that are no UTF-8 are kept as `xlcfg.text` says."""
    return decode(read_bytes(name))


def read(name: str) -> Document:
    """The configuration in a file; raises `ParseError`."""
    return parse(read_bytes(name), shown(name))


def shown(name: str) -> str:
    """What messages call a file."""
    return "<stdin>" if name == "-" else name


def write(name: str | None, text: str) -> None:
    """Write a text to a file, or to standard output for None and `-`.

    The file is replaced in one step and keeps its mode.
    """
    data = encode(text)
    if name is None or name == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(os.path.realpath(name))
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        do = "choose a place that can be written"
        raise XlcfgError(f"cannot write it: {error.strerror}", name, do) from error


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
