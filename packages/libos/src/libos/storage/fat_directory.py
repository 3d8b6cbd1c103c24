"""Directories of a FAT file system: Microsoft's "FAT: General Overview of On-Disk Format",
version 1.03, sections "FAT Directory Structure" and "FAT Long Directory Entries".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY = 32

_SHORT = struct.Struct("<11sBB7xH4xHI")
_LAST = 0x00
_FREE = 0xE5
_STANDS_FOR_E5 = 0x05
_VOLUME = 0x08
_DIRECTORY = 0x10
_LONG = 0x0F
_LONG_MASK = 0x3F
_LAST_LONG = 0x40
_MOST_PIECES = 20
_LOWER_NAME = 0x08
_LOWER_EXTENSION = 0x10
# Code page 850, which mtools takes for short names, from 0x80 on; its letters are those of 437.
_CODE_PAGE = (
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ"  # noqa: RUF001
    "áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐"
    "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀"
    "ÓßÔÒõÕµþÞÚÛÙýÝ¯´\xad±‗¾¶§÷¸°¨·¹³²■\xa0"  # noqa: RUF001
)


class Found:
    """A file or a directory: its name, its first cluster, and its size in bytes if it is a file."""

    __slots__ = ("cluster", "is_directory", "name", "size")

    def __init__(self, name: str, cluster: int, size: int, *, is_directory: bool) -> None:
        self.name = name
        self.cluster = cluster
        self.size = size
        self.is_directory = is_directory


def entries(data: bytes) -> Iterator[Found]:
    """`entries(data)` is what a directory of these bytes holds.

    Labels are left out. Letters beyond ASCII in names that have no long form are taken for
    those of code page 850.
    """
    pieces: list[bytes] = []
    for at in range(0, len(data) - ENTRY + 1, ENTRY):
        entry = data[at : at + ENTRY]
        if entry[0] == _LAST:
            return
        if entry[0] == _FREE:
            pieces = []
        elif entry[11] & _LONG_MASK == _LONG:
            pieces = _continued(pieces, entry)
        else:
            short, attributes, case, high, low, size = _SHORT.unpack(entry)
            name = _long_name(pieces, short) or _short_name(short, case)
            pieces = []
            if not attributes & _VOLUME and name and name not in (".", ".."):
                directory = bool(attributes & _DIRECTORY)
                yield Found(name, high << 16 | low, size, is_directory=directory)


def _continued(pieces: list[bytes], entry: bytes) -> list[bytes]:
    """The pieces of a long name with one more, which precedes them; none if it does not fit."""
    order = entry[0] & ~_LAST_LONG
    if entry[0] & _LAST_LONG and 0 < order <= _MOST_PIECES:
        return [entry]
    if pieces and order == (pieces[-1][0] & ~_LAST_LONG) - 1 and entry[13] == pieces[-1][13]:
        return [*pieces, entry]
    return []


def _long_name(pieces: list[bytes], short: bytes) -> str:
    """The name of the pieces, "" unless they are all there and belong to the short name."""
    if not pieces or pieces[-1][0] & ~_LAST_LONG != 1 or pieces[0][13] != _checksum(short):
        return ""
    units = b"".join(piece[1:11] + piece[14:26] + piece[28:32] for piece in reversed(pieces))
    end = next((at for at in range(0, len(units), 2) if units[at : at + 2] == b"\0\0"), len(units))
    try:  # with a byte order mark: the decoder of that name is the interpreter's own
        return (b"\xff\xfe" + units[:end]).decode("utf-16")
    except UnicodeDecodeError:
        return ""


def _checksum(short: bytes) -> int:
    total = 0
    for byte in short:
        total = ((total & 1) << 7) + (total >> 1) + byte & 0xFF
    return total


def _short_name(short: bytes, case: int) -> str:
    """The name in capitals, or in small letters where Windows NT's flags say so."""
    first = bytes([_FREE]) if short[0] == _STANDS_FOR_E5 else short[:1]
    base, extension = (first + short[1:8]).rstrip(b" "), short[8:].rstrip(b" ")
    shown = _decoded(base, lower=bool(case & _LOWER_NAME))
    if extension:
        shown += "." + _decoded(extension, lower=bool(case & _LOWER_EXTENSION))
    return shown


def _decoded(name: bytes, *, lower: bool) -> str:
    text = name.decode("latin-1")
    if not name.isascii():
        text = "".join(char if char < "\x80" else _CODE_PAGE[ord(char) - 128] for char in text)
    return text.lower() if lower else text
