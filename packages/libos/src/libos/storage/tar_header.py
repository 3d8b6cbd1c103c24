"""Headers of tar archives: ustar and pax of POSIX.1-2001 (pax, section "ustar Interchange
Format"), and what GNU tar adds to them.
"""

from __future__ import annotations

from libos.storage.error import Damaged

BLOCK = 512
LONGEST_NAME = 4096
"""Of a member, in bytes; there are no longer paths in Linux."""


class Header:
    """The header of one member: its name and kind, and the bytes that follow it."""

    __slots__ = ("kind", "link", "name", "size")

    def __init__(self, name: bytes, kind: bytes, size: int, link: bytes) -> None:
        self.name = name
        self.kind = kind
        self.size = size
        self.link = link


def header(block: bytes, at: int) -> Header:
    """`header(block, at)` is what the block at byte `at` of the archive says.

    Raises `Damaged` if its checksum is wrong, or its size is no number.
    """
    blank = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(blank)
    # Some old tars have summed up signed bytes (pax, "ustar Interchange Format", chksum).
    signed = unsigned - 256 * sum(byte > 127 for byte in blank)
    if number(block[148:156]) not in (unsigned, signed):
        raise Damaged(f"the tar archive has no header at byte {at}, where there must be one")
    size = number(block[124:136])
    if size is None or size < 0:
        raise Damaged(f"the tar archive's header at byte {at} has a size that is no number")
    name = text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := text(block[345:500])):
        name = prefix + b"/" + name
    return Header(name, block[156:157], size, text(block[157:257]))


def text(field: bytes) -> bytes:
    """`text(field)` is the bytes before the first NUL."""
    return field.partition(b"\0")[0]


def number(field: bytes) -> int | None:
    """`number(field)` is the number in a field: octal digits, or binary as GNU tar has it."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = text(field).strip(b" ")
    if digits.strip(b"01234567"):
        return None
    return int(digits or b"0", 8)


def pax_records(data: bytes, at: int) -> dict[bytes, bytes]:
    """`pax_records(data, at)` is the records of a pax header (pax, "pax Extended Header").

    Raises `Damaged` where there is none.
    """
    records = {}
    rest = data
    while rest:
        digits, space, _ = rest[:20].partition(b" ")
        length = int(digits) if digits.isdigit() and space else 0
        record, rest = rest[:length], rest[length:]
        keyword, equals, value = record[len(digits) + 1 :].partition(b"=")
        if not equals or record[-1:] != b"\n":
            raise Damaged(
                f"the tar archive's pax header at byte {at} has no record where one must be"
            )
        records[keyword] = value[:-1]
    return records


def key_of(name: bytes) -> str | None:
    """`key_of(name)` is the key under which a member is seen, "" for the root.

    `None` stands for names that are absolute, lead upwards or are no text.
    """
    if name.startswith(b"/") or len(name) > LONGEST_NAME or b"\\" in name or b"\0" in name:
        return None
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        return None
    try:
        return b"/".join(parts).decode()
    except UnicodeDecodeError:
        return None
