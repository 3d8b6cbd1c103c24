"""The options field of a DHCP message: tagged pieces, long options, overload.

RFC 2132 (section 2 and 9.3) and RFC 3396.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PAD, OVERLOAD, MESSAGE_TYPE, END = 0, 52, 53, 255
_PIECE = 255
_OVERLOAD_SIZE = 3


class MalformedMessageError(ValueError):
    """Bytes from the network which are no DHCP message, or no value of the option they claim."""


class MessageTooLongError(ValueError):
    """More options than the message may carry."""


def decode_options(field: bytes, file: bytes, sname: bytes) -> tuple[dict[int, bytes], int]:
    """`decode_options(field, file, sname)` are the options by code, and the overload bits.

    Bit 1 says that `file` carried options too, bit 2 that `sname` did; they are read in that order
    and pieces of equal code are joined (RFC 3396, section 7). A missing end marker is forgiven.
    """
    options: dict[int, bytearray] = {}
    overload = 0
    _read(field, options)
    if OVERLOAD in options:
        value = options.pop(OVERLOAD)
        if len(value) != 1 or value[0] not in {1, 2, 3}:
            raise MalformedMessageError(f"option overload of value {value.hex()}")
        overload = value[0]
        if overload & 1:
            _read(file, options)
        if overload & 2:
            _read(sname, options)
        options.pop(OVERLOAD, None)
    return {code: bytes(value) for code, value in options.items()}, overload


def _read(field: bytes, options: dict[int, bytearray]) -> None:
    at = 0
    while at < len(field):
        code = field[at]
        at += 1
        if code == PAD:
            continue
        if code == END:
            return
        if at == len(field):
            raise MalformedMessageError(f"option {code} has no length")
        end = at + 1 + field[at]
        if end > len(field):
            raise MalformedMessageError(f"option {code} runs beyond the end of its field")
        options.setdefault(code, bytearray()).extend(field[at + 1 : end])
        at = end


def encode_options(
    options: Mapping[int, bytes], room: int, file_room: int, sname_room: int
) -> tuple[bytes, bytes, bytes]:
    """`encode_options(options, ...)` are the options field and what goes into `file` and `sname`.

    The message type comes first, for receivers that look no further; the others keep their order.
    `MessageTooLongError` is raised if the rooms, in bytes, are too small.
    """
    ordered = sorted(options.items(), key=lambda option: option[0] != MESSAGE_TYPE)
    pieces = _Pieces(ordered)
    whole = pieces.take(room - 1)
    if pieces.done:
        return whole + bytes([END]), b"", b""
    pieces = _Pieces(ordered)
    field = pieces.take(room - 1 - _OVERLOAD_SIZE)
    file = _closed(pieces.take(file_room - 1))
    sname = _closed(pieces.take(sname_room - 1))
    if not pieces.done:
        raise MessageTooLongError(
            f"{sum(map(len, options.values()))} bytes of options do not fit into a message with "
            f"{max(0, room)} for them, {file_room} in `file` and {sname_room} in `sname`"
        )
    overload = (1 if file else 0) | (2 if sname else 0)
    return field + bytes([OVERLOAD, 1, overload, END]), file, sname


def _closed(data: bytes) -> bytes:
    return data + bytes([END]) if data else b""


class _Pieces:
    """The options as a stream of pieces, cut where a field or a length byte ends."""

    __slots__ = ("_left",)

    def __init__(self, options: list[tuple[int, bytes]]) -> None:
        self._left = options[::-1]

    @property
    def done(self) -> bool:
        return not self._left

    def take(self, room: int) -> bytes:
        """`take(room)` are the next pieces that fit into `room` bytes."""
        taken = bytearray()
        while self._left:
            code, value = self._left[-1]
            size = min(len(value), _PIECE, room - len(taken) - 2)
            if size < 0 or (size == 0 and value):
                break
            taken += bytes([code, size]) + value[:size]
            self._left.pop()
            if size < len(value):
                self._left.append((code, value[size:]))
        return bytes(taken)
