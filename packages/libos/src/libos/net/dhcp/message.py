"""DHCP messages as both client and server send and receive them (RFC 2131, section 2).

No sockets and no clock: bytes come in, values go out, and the reverse.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from libos.net.dhcp.wire import (
    MalformedMessageError,
    MessageTooLongError,
    decode_options,
    encode_options,
)
from libos.net.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final, TypeVar

    from libos.net.dhcp.options import Option

    T = TypeVar("T")

__all__ = ["MalformedMessageError", "Message", "MessageTooLongError", "parse", "render"]

BOOTREQUEST, BOOTREPLY = 1, 2
ETHERNET = 1  # htype, RFC 1700
BROADCAST_FLAG = 0x8000
CLIENT_PORT, SERVER_PORT = 68, 67
NO_ADDRESS = b"\0\0\0\0"
MAGIC_COOKIE = b"\x63\x82\x53\x63"

MINIMUM_SIZE = 300
"""Bytes which relays and BOOTP servers expect at least (RFC 1542, section 2.1)."""
MAXIMUM_SIZE = 548
"""Bytes which every receiver accepts: 576 less the IP and UDP headers (RFC 2131, section 2)."""

_FIXED = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")
_CHADDR_SIZE, _SNAME_SIZE, _FILE_SIZE = 16, 64, 128


class Message(Value):
    """`Message(op=..., xid=..., chaddr=..., options=...)` is one DHCP message.

    The names are those of RFC 2131, figure 1. Addresses are four bytes. `sname` and `file` are
    without their terminating zeros, and empty if they carry options instead ("overload").
    `options` maps an option's code to its whole value, however many pieces it travelled in
    (RFC 3396); neither padding nor the overload option itself appears in it.
    `ValueError` is raised for what no message can hold.
    """

    __slots__ = (
        "chaddr", "ciaddr", "file", "flags", "giaddr", "hops", "htype",
        "op", "options", "secs", "siaddr", "sname", "xid", "yiaddr",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - these are the fields of the message
        self,
        *,
        op: int,
        xid: int,
        chaddr: bytes,
        options: Mapping[int, bytes],
        htype: int = ETHERNET,
        hops: int = 0,
        secs: int = 0,
        flags: int = 0,
        ciaddr: bytes = NO_ADDRESS,
        yiaddr: bytes = NO_ADDRESS,
        siaddr: bytes = NO_ADDRESS,
        giaddr: bytes = NO_ADDRESS,
        sname: bytes = b"",
        file: bytes = b"",
    ) -> None:
        self.op: Final = op
        self.htype: Final = htype
        self.hops: Final = hops
        self.xid: Final = xid
        self.secs: Final = secs
        self.flags: Final = flags
        self.ciaddr: Final = ciaddr
        self.yiaddr: Final = yiaddr
        self.siaddr: Final = siaddr
        self.giaddr: Final = giaddr
        self.chaddr: Final = chaddr
        self.sname: Final = sname
        self.file: Final = file
        self.options: Final[Mapping[int, bytes]] = dict(options)
        fault = self._fault()
        if fault:
            raise ValueError(f"a DHCP message cannot have {fault}")

    def __hash__(self) -> int:
        return hash((self.op, self.xid, self.chaddr, frozenset(self.options.items())))

    def _fault(self) -> str | None:
        octets = (self.htype, self.hops)
        addresses = (self.ciaddr, self.yiaddr, self.siaddr, self.giaddr)
        faults = (
            (self.op not in {BOOTREQUEST, BOOTREPLY}, f"op {self.op}"),
            (not all(0 <= octet <= 0xFF for octet in octets), "an htype or hops beyond a byte"),
            (not 0 <= self.xid <= 0xFFFFFFFF, f"xid {self.xid}"),
            (not 0 <= self.secs <= 0xFFFF, f"secs {self.secs}"),
            (not 0 <= self.flags <= 0xFFFF, f"flags {self.flags}"),
            (any(len(address) != 4 for address in addresses), "an address not of four bytes"),
            (len(self.chaddr) > _CHADDR_SIZE, f"a chaddr of {len(self.chaddr)} bytes"),
            (len(self.sname) > _SNAME_SIZE or 0 in self.sname, f"sname {self.sname!r}"),
            (len(self.file) > _FILE_SIZE or 0 in self.file, f"file {self.file!r}"),
            (not _RESERVED.isdisjoint(self.options), "padding, end or overload as an option"),
            (not all(0 < code < 255 for code in self.options), "an option code beyond 1 to 254"),
        )
        return next((what for found, what in faults if found), None)

    def get(self, option: Option[T]) -> T | None:
        """`get(option)` is the value of that option, or None if the message is without it.

        `MalformedMessageError` is raised if its bytes are not of the option's form.
        """
        data = self.options.get(option.code)
        return None if data is None else option.decode(data)


_RESERVED = frozenset({0, 52, 255})


def parse(data: bytes) -> Message:
    """`parse(data)` is the message in the payload of a UDP datagram.

    `MalformedMessageError`, and nothing else, is raised for bytes which hold none. The values of
    options are not looked at: `Message.get` does that.
    """
    if len(data) < _FIXED.size:
        raise MalformedMessageError(f"{len(data)} bytes are too few, {_FIXED.size} the least")
    (
        op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr,
        chaddr, sname, file, cookie,
    ) = _FIXED.unpack_from(data)  # fmt: skip
    if cookie != MAGIC_COOKIE:
        raise MalformedMessageError("no DHCP magic cookie: plain BOOTP or something else")
    if hlen > _CHADDR_SIZE:
        raise MalformedMessageError(f"hardware address of {hlen} bytes, {_CHADDR_SIZE} the most")
    if op not in {BOOTREQUEST, BOOTREPLY}:
        raise MalformedMessageError(f"op {op} is neither request nor reply")
    options, overload = decode_options(data[_FIXED.size :], file, sname)
    return Message(
        op=op,
        htype=htype,
        hops=hops,
        xid=xid,
        secs=secs,
        flags=flags,
        ciaddr=ciaddr,
        yiaddr=yiaddr,
        siaddr=siaddr,
        giaddr=giaddr,
        chaddr=chaddr[:hlen],
        sname=b"" if overload & 2 else sname.partition(b"\0")[0],
        file=b"" if overload & 1 else file.partition(b"\0")[0],
        options=options,
    )


def render(message: Message, maximum: int = MAXIMUM_SIZE) -> bytes:
    """`render(message, maximum)` are the bytes of the message, `maximum` of them at most.

    Options that do not fit into their own field go on in `file` and `sname` if those are empty
    (RFC 2132, section 9.3). `MessageTooLongError` is raised if that is not enough.
    """
    field, file, sname = encode_options(
        message.options,
        maximum - _FIXED.size,
        0 if message.file else _FILE_SIZE,
        0 if message.sname else _SNAME_SIZE,
    )
    fixed = _FIXED.pack(
        message.op, message.htype, len(message.chaddr), message.hops, message.xid, message.secs,
        message.flags, message.ciaddr, message.yiaddr, message.siaddr, message.giaddr,
        message.chaddr, message.sname or sname, message.file or file, MAGIC_COOKIE,
    )  # fmt: skip
    return (fixed + field).ljust(MINIMUM_SIZE, b"\0")
