"""The smallest ELF relocatable file with a `.modinfo` section."""

from __future__ import annotations

import struct


def module(*words: bytes) -> bytes:
    """A module file that says these `key=value` words about itself."""
    info = b"".join(word + b"\0" for word in words)
    names = b"\0.modinfo\0.shstrtab\0"
    body = 64
    table = body + len(info) + len(names)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<16sHHIQQQIHHHHHH", ident, 1, 62, 1, 0, 0, table, 0, 64, 0, 0, 64, 3, 2)
    section = struct.Struct("<IIQQQQIIQQ")
    return b"".join(
        (
            head,
            info,
            names,
            section.pack(*(0,) * 10),
            section.pack(1, 1, 2, 0, body, len(info), 0, 0, 1, 0),
            section.pack(10, 3, 0, 0, body + len(info), len(names), 0, 0, 1, 0),
        )
    )
