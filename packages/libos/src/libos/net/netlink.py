"""Rtnetlink: the kernel's table of links, addresses and routes, over a socket (rtnetlink(7)).

It is chosen over the older ioctls because one message format serves links, IPv4, IPv6 and routes,
the kernel answers each request with its own error number, and nothing beyond `socket` and
`struct` needs importing, both of which asyncio has already brought in. The ioctls want a C
structure per call, cannot replace a route, and have no IPv6 counterpart for half of them.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

NETLINK_ROUTE = 0
NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_CREATE, NLM_F_DUMP = 0x1, 0x4, 0x100, 0x400, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_RECEIVE_SIZE = 1 << 16
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER


def attribute(kind: int, value: bytes) -> bytes:
    """`attribute(kind, value)` is one netlink attribute, padded to four bytes."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def attributes(data: bytes) -> dict[int, bytes]:
    """`attributes(data)` are those in `data` by their kind; a truncated end is left out."""
    found: dict[int, bytes] = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > len(data):
            break
        found[kind & _TYPE_MASK] = data[at + _ATTRIBUTE.size : at + length]
        at += length + -length % 4
    return found


class Netlink:
    """`Netlink()` is a connection to the kernel's routing tables; use it as a context manager.

    Requests raise `OSError` with the kernel's error number.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Netlink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def change(self, kind: int, body: bytes, flags: int = 0) -> None:
        """`change(kind, body, flags)` has been carried out by the kernel when it returns."""
        for _ in self._replies(kind, body, NLM_F_ACK | flags):
            pass

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        """`dump(kind, body)` are the bodies of all entries of a table, in the kernel's order."""
        return list(self._replies(kind, body, NLM_F_DUMP))

    def _replies(self, kind: int, body: bytes, flags: int) -> Iterator[bytes]:
        self._sequence += 1
        length = _HEADER.size + len(body)
        header = _HEADER.pack(length, kind, NLM_F_REQUEST | flags, self._sequence, 0)
        self._socket.send(header + body)
        while True:
            data = self._socket.recv(_RECEIVE_SIZE)
            at = 0
            while at + _HEADER.size <= len(data):
                length, reply, _, sequence, _ = _HEADER.unpack_from(data, at)
                content = data[at + _HEADER.size : at + length]
                at += max(length + -length % 4, _HEADER.size)
                if sequence != self._sequence:
                    continue
                if reply == NLMSG_ERROR:
                    number = -int.from_bytes(content[:4], "little", signed=True)
                    if number:
                        raise OSError(number, os.strerror(number))
                    return
                if reply == NLMSG_DONE:
                    return
                yield content
