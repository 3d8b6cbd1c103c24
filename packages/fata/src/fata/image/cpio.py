"""The archive format that the kernel unpacks into its root file system.

The format is "newc", as the kernel's Documentation/driver-api/early-userspace/buffer-format.rst
describes it. The bytes depend on nothing but the entries.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

_TRAILER = "TRAILER!!!"


class Kind(Enum):
    """What an entry is; the value is its file type (inode(7))."""

    DIRECTORY = stat.S_IFDIR
    FILE = stat.S_IFREG
    LINK = stat.S_IFLNK
    CHARACTER_DEVICE = stat.S_IFCHR


@dataclass(frozen=True, slots=True)
class Entry:
    """`Entry(path, kind, content)` is a file below the root, owned by root, of the year 1970.

    `content` is the bytes of a file or the target of a link, `device` the major and minor number
    of a device, `mode` the permission bits.
    """

    path: str
    kind: Kind = Kind.FILE
    content: bytes = b""
    mode: int = 0o444
    device: tuple[int, int] = (0, 0)


def archive(entries: Iterable[Entry]) -> bytes:
    """`archive(entries)` is the cpio archive of the entries, sorted by path.

    Directories that paths imply are added. Raises `ValueError` for a path that is not relative,
    or that stands for two entries.
    """
    by_path: dict[str, Entry] = {}
    for entry in entries:
        _check(entry.path)
        if entry.path in by_path:
            raise ValueError(f"two entries at {entry.path}")
        by_path[entry.path] = entry
    for path in tuple(by_path):
        for parent in _parents(path):
            by_path.setdefault(parent, Entry(parent, Kind.DIRECTORY, mode=0o755))
    output = bytearray()
    for number, path in enumerate(sorted(by_path), start=1):
        _append(output, number, by_path[path])
    _append(output, 0, Entry(_TRAILER, mode=0), trailer=True)
    output += bytes(-len(output) % 512)
    return bytes(output)


def _check(path: str) -> None:
    parts = path.split("/")
    if not path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"not a path inside an image: {path!r}")


def _parents(path: str) -> Iterable[str]:
    parts = path.split("/")[:-1]
    return ("/".join(parts[: index + 1]) for index in range(len(parts)))


def _append(output: bytearray, number: int, entry: Entry, *, trailer: bool = False) -> None:
    name = entry.path.encode() + b"\0"
    fields = (
        number,
        0 if trailer else entry.kind.value | entry.mode,
        0,  # owner
        0,  # group
        2 if entry.kind is Kind.DIRECTORY else 1,  # links
        0,  # modified
        len(entry.content),
        0,  # major of the device that holds the file
        0,  # minor
        *entry.device,
        len(name),
        0,  # checksum, unused in newc
    )
    output += b"070701" + b"".join(b"%08X" % field for field in fields) + name
    output += bytes(-len(output) % 4)
    output += entry.content
    output += bytes(-len(output) % 4)
