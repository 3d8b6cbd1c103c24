"""The kernel of the control domain, unpacked, since an emulated Xen unpacks slowly.

Source: "The Linux/x86 Boot Protocol", fields `setup_sects`, `payload_offset`, `payload_length`.
"""

from __future__ import annotations

import lzma
import struct
import sys
import zlib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 1 << 28
"""Bytes; the kernels of distributions unpack to a quarter of it."""


def unpacked(image: bytes) -> bytes:
    """`unpacked(image)` is the ELF file in a bzImage, or the image itself where there is none.

    Xen takes both.
    """
    elf = _decompressed(payload(image))
    return elf if elf.startswith(b"\x7fELF") else image


def payload(image: bytes) -> bytes:
    """`payload(image)` is the packed kernel in a bzImage, and empty where there is none."""
    if len(image) < 0x250 or image[0x202:0x206] != b"HdrS":
        return b""
    (version,) = struct.unpack_from("<H", image, 0x206)
    if version < 0x208:
        return b""
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = ((image[0x1F1] or 4) + 1) * 512 + offset
    return image[start : start + length]


def _decompressed(packed: bytes) -> bytes:
    try:
        if packed.startswith(b"\xfd7zXZ\0"):
            return lzma.LZMADecompressor(memlimit=LIMIT).decompress(packed, LIMIT)
        if packed.startswith(b"\x28\xb5\x2f\xfd"):
            return zstd.ZstdDecompressor().decompress(packed, LIMIT)
        if packed.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(31).decompress(packed, LIMIT)
    except (lzma.LZMAError, zstd.ZstdError, zlib.error, EOFError):
        return b""
    return b""
