"""Compression of the initramfs: fewer bytes to keep and ship, against time to unpack at start."""

from __future__ import annotations

import sys
from enum import Enum

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LEVEL = 19


class Compression(Enum):
    """How an initramfs is stored; the value is the name of its file's ending."""

    NONE = "cpio"
    ZSTD = "cpio.zst"


def settings(compression: Compression) -> str:
    """`settings(c)` names all that the stored form depends on besides the content."""
    if compression is Compression.NONE:
        return "none"
    return f"zstd{_LEVEL}-{'.'.join(str(part) for part in zstd.zstd_version_info)}"


def compress(data: bytes, compression: Compression) -> bytes:
    """`compress(data, c)` is the stored form; the same bytes for the same data, on any machine.

    One worker is asked for, since without any the library splits the input in another way.
    """
    if compression is Compression.NONE:
        return data
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: _LEVEL,
        zstd.CompressionParameter.nb_workers: 1,
        zstd.CompressionParameter.checksum_flag: 0,
    }
    return zstd.compress(data, options=options)
