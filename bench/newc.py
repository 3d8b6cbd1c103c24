"""How much an initramfs holds: concatenated archives, each compressed or not."""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_HEADER = 110
_MAGIC = b"070701"
_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Contents:
    """`Contents(size, files)` is the bytes of an initramfs unpacked and its regular files."""

    size: int
    files: int


def contents(data: bytes) -> Contents:
    """`contents(data)` is what the kernel unpacks from `data`.

    Raises `ValueError` for what is neither a newc archive nor compressed with zstd.
    """
    size, files = 0, set()
    for part in _parts(data):
        size += len(part)
        files.update(_files(part))
    return Contents(size, len(files))


def _parts(data: bytes) -> list[bytes]:
    """The archives, unpacked; several in one compressed part stay together."""
    parts = []
    data = data.lstrip(b"\0")
    while data:
        if data.startswith(_ZSTD):
            decompressor = zstd.ZstdDecompressor()
            parts.append(decompressor.decompress(data))
            data = decompressor.unused_data.lstrip(b"\0")
        elif data.startswith(_MAGIC):
            end = data.index(b"TRAILER!!!") + 10
            parts.append(data[:end])
            data = data[end:].lstrip(b"\0")
        else:
            raise ValueError(f"an initramfs does not begin with {data[:6]!r}")
    return parts


def _files(part: bytes) -> list[bytes]:
    """The paths of regular files in an archive."""
    found, at = [], 0
    while part.startswith(_MAGIC, at):
        fields = [int(part[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        mode, length, name_length = fields[1], fields[6], fields[11]
        name = part[at + _HEADER : at + _HEADER + name_length - 1]
        if stat.S_ISREG(mode) and length:
            found.append(name.removeprefix(b"./"))
        at += _HEADER + name_length + (-(_HEADER + name_length) % 4)
        at += length + (-length % 4)
    return found
