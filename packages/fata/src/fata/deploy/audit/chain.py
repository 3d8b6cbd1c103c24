"""The files of the log, and the chain of digests that holds their lines together.

Each line carries the sha256 of all that stands between it and the line before: that line itself,
and what may have been left after it by a write that was cut off. So nothing can be changed or
taken out without the next line showing it. `audit.head` has the number and the digest of the last
line, so that the end cannot be cut off unnoticed either.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.audit.entry import Line, decode

FIRST = "0" * 64
"""What the very first line says of what is before it."""

LOG, HEAD, LOCK = "audit.log", "audit.head", "audit.lock"
_TAIL = 1 << 16
_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")
_OLDER = re.compile(r"audit\.log\.([1-9][0-9]{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class End:
    """`End(number, before, torn)` is how a log ends: what its next line has to say.

    `number` is that of the last line, 0 where there is none. `torn` is whether the last write was
    cut off, and is to be ended by a line feed first, with which `before` reckons.
    """

    number: int
    before: str
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """`Head(number, digest)` is the last line, as it was when it was written."""

    number: int
    digest: str


def files(root: Path) -> tuple[Path, ...]:
    """`files(root)` is the files of the log, the oldest first."""
    older = []
    for path in root.glob(f"{LOG}.*"):
        match = _OLDER.fullmatch(path.name)
        if match is not None:
            older.append((int(match[1]), path))
    newest = root / LOG
    return (*(path for _, path in sorted(older)), *((newest,) if newest.exists() else ()))


def next_older(root: Path) -> Path:
    """`next_older(root)` is where the present file goes when it is full."""
    numbers = [int(path.suffix[1:]) for path in files(root) if path.name != LOG]
    return root / f"{LOG}.{max(numbers, default=0) + 1}"


def end(root: Path) -> End:
    """`end(root)` is what the next line of the log has to follow."""
    rest, torn = b"", False
    for path in reversed(files(root)):
        found, whole = _last(path)
        if path.name == LOG:
            torn = bool(whole) and not whole.endswith(b"\n")
            whole += b"\n" if torn else b""
        rest = whole + rest
        if found is not None:
            return End(found.entry.number, digest(rest), torn)
    return End(0, before_of(rest), torn)


def before_of(block: bytes) -> str:
    """`before_of(block)` is what a line says that this precedes, from the last line on."""
    return digest(block) if block else FIRST


def lines(content: bytes) -> list[tuple[bytes, Line | None]]:
    """`lines(content)` is the lines with their ends, each with what it says."""
    return [(line, decode(line)) for line in _LINE.findall(content)]


def digest(content: bytes) -> str:
    """`digest(content)` is the sha256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_head(root: Path) -> Head | None:
    """`read_head(root)` is what `audit.head` says, if it says something."""
    try:
        said = json.loads((root / HEAD).read_bytes()[:1000])
        return Head(int(said["number"]), str(said["sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def head_text(head: Head) -> bytes:
    """`head_text(head)` is for `audit.head`."""
    return json.dumps({"number": head.number, "sha256": head.digest}).encode() + b"\n"


def _last(path: Path) -> tuple[Line | None, bytes]:
    """The last line of a file, and the bytes from there on; all of them where there is no line.

    As a rule only its tail is read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        content = b""
        for start in (max(size - _TAIL, 0), 0):
            file.seek(start)
            content = file.read()
            rest = b""
            for line, said in reversed(lines(content)):
                rest = line + rest
                if said is not None:
                    return said, rest
    return None, content
