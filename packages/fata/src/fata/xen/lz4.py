"""Reading a part of what LZ4 has packed, as Debian's cloud kernel is, without unpacking the rest.

Sources: LZ4 Block Format Description; LZ4 Frame Format Description, "Legacy frame", whose blocks
of 8 MiB stand alone.
"""

from __future__ import annotations

import struct

MAGIC = b"\x02\x21\x4c\x18"
BLOCK = 8 << 20
"""Bytes that a block unpacks to, all but the last."""


def part(frame: bytes, start: int, length: int) -> bytes:
    """`part(frame, start, length)` is those bytes of what the legacy frame unpacks to.

    They are fewer where it ends before, and where its blocks cannot be read. A block is unpacked
    up to them, which takes a second at most.
    """
    number, first = divmod(start, BLOCK)
    found = b""
    while length > 0:
        packed = _packed(frame, number)
        piece = b"" if packed is None else _unpacked(packed, min(first + length, BLOCK))[first:]
        found += piece
        if not piece or first + len(piece) < BLOCK:
            break
        number, first, length = number + 1, 0, length - len(piece)
    return found


def _packed(frame: bytes, number: int) -> bytes | None:
    place = len(MAGIC)
    while place + 4 <= len(frame):
        (size,) = struct.unpack_from("<I", frame, place)
        if number == 0:
            return frame[place + 4 : place + 4 + size]
        place, number = place + 4 + size, number - 1
    return None


def _unpacked(packed: bytes, length: int) -> bytes:
    """The first bytes of a block, `length` of them unless it has fewer or is damaged."""
    out = bytearray()
    place = 0
    try:
        while len(out) < length:
            token = packed[place]
            place += 1
            literals = token >> 4
            if literals == 15:
                place, literals = _longer(packed, place, literals)
            end = place + literals
            out += packed[place : min(end, place + length)]
            distance = packed[end] | packed[end + 1] << 8
            place = end + 2
            match = token & 15
            if match == 15:
                place, match = _longer(packed, place, match)
            match += 4
            origin = len(out) - distance
            if origin < 0 or distance == 0:
                break
            if distance >= match:
                out += out[origin : origin + match]
            else:  # it repeats what it is itself writing
                repeated = out[origin:] * (min(match, length) // distance + 1)
                out += repeated[:match]
    except IndexError:
        pass  # the last sequence of a block ends with its literals
    return bytes(out[:length])


def _longer(packed: bytes, place: int, count: int) -> tuple[int, int]:
    while True:
        byte = packed[place]
        place += 1
        count += byte
        if byte != 255:
            return place, count
