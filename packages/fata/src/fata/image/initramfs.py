"""The initramfs: archives one behind the other, each packed by itself.

The kernel unpacks any number of them (Documentation/driver-api/early-userspace/buffer-format.rst).
What changes rarely, the interpreter and the packages, is packed well once and kept in the user's
cache by its content; what changes with each edit is small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from fata.cache import Cache, cache_directory
from fata.image.compression import Compression, compress, settings
from fata.image.cpio import Entry, archive


def initramfs(layers: Iterable[Iterable[Entry]], compression: Compression) -> tuple[bytes, int]:
    """`initramfs(layers, compression)` is the file, and its size in bytes when unpacked.

    It depends on nothing but the arguments: the cache only saves time.
    """
    cache = Cache(cache_directory() / "layers")
    output, unpacked = bytearray(), 0
    for layer in layers:
        content = archive(layer)
        unpacked += len(content)
        output += _packed(content, compression, cache)
    return bytes(output), unpacked


def _packed(content: bytes, compression: Compression, cache: Cache) -> bytes:
    if compression is Compression.NONE:
        return content
    key = f"{hashlib.sha256(content).hexdigest()}-{settings(compression)}"
    known = cache.get(key)
    if known is None:
        known = compress(content, compression)
        cache.put(key, known)
    return known
