"""The connections that the kernel keeps track of, by netlink.

The messages are those of Linux, `include/uapi/linux/netfilter/nfnetlink_conntrack.h`, so that
neither conntrack(8) nor `/proc/net/nf_conntrack`, which Debian's kernel does not have, is needed.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from fata.deploy.traffic.route import Endpoint
from functoria.error import UserError

_NETFILTER = 12  # NETLINK_NETFILTER
_GET, _DELETE = 0x0101, 0x0102  # NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_*
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_ERROR, _DONE = 2, 3
_NESTED = 0x8000
_ORIGINAL, _REPLY, _STATUS, _PROTOCOL_INFO, _ID, _ZONE = 1, 2, 3, 4, 12, 18
_FILTER = 25
_FILTER_REPLY = 2
_BY_SOURCE = 1 << 0  # CTA_FILTER_F_CTA_IP_SRC
_DESTINATION_CHANGED = 1 << 5  # IPS_DST_NAT
_UNFINISHED = frozenset((1, 2, 3, 4, 5, 6, 9))  # TCP_CONNTRACK_*: all but TIME_WAIT and CLOSE
_BUFFER = 1 << 18

TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP


@dataclass(frozen=True, slots=True)
class Flow:
    """`Flow(protocol, asked, answers, led, state)` is a connection, or a UDP flow.

    `asked` is where its first packet was sent to, and `answers` where the answers come from:
    where it was led to, if it is `led`. `open` tells whether it is a TCP connection whose end
    both sides have not agreed upon. `key` is what it is deleted by.
    """

    protocol: int
    asked: Endpoint
    answers: Endpoint
    led: bool
    open: bool
    key: bytes


def flows_to(addresses: Iterable[str]) -> Iterator[Flow]:
    """`flows_to(addresses)` is the flows that are answered from there. Raises `UserError`."""
    for address in sorted(set(addresses)):
        packed = IPv4Address(address).packed
        wanted = _attribute(_REPLY | _NESTED, _attribute(1 | _NESTED, _attribute(1, packed)))
        flags = _attribute(_FILTER_REPLY, struct.pack("=I", _BY_SOURCE))
        # Kernels before 5.8 do not know of filters, and tell of all flows.
        for flow in _dump(wanted + _attribute(_FILTER | _NESTED, flags)):
            if flow.answers.address == address:
                yield flow


def all_flows() -> Iterator[Flow]:
    """`all_flows()` is all IPv4 flows by TCP and UDP. Raises `UserError`."""
    return _dump(b"")


def delete(flows: Iterable[Flow]) -> int:
    """`delete(flows)` has the kernel forget them; how many were still there."""
    count = 0
    for flow in flows:
        with _asking() as asked:
            asked.send(_message(_DELETE, _REQUEST | _ACK, flow.key))
            count += _acknowledged(asked)
    return count


def parse(data: bytes) -> Flow | None:
    """`parse(data)` is the flow in a message of the kernel's, without its headers.

    `None` for what is neither TCP nor UDP. Raises `ValueError` for what is no message.
    """
    try:
        found = dict(_attributes(data))
        protocol, asked = _end(found[_ORIGINAL], destination=True)
        _, answers = _end(found[_REPLY], destination=False)
        if protocol not in {TCP, UDP} or asked is None or answers is None:
            return None
        (status,) = struct.unpack(">I", found[_STATUS])
        state = _tcp_state(found.get(_PROTOCOL_INFO, b""))
    except (KeyError, IndexError, struct.error) as error:
        raise ValueError("that is no connection") from error
    key = _attribute(_ORIGINAL | _NESTED, found[_ORIGINAL])
    for kind in (_ID, _ZONE):
        if kind in found:
            key += _attribute(kind, found[kind])
    led = bool(status & _DESTINATION_CHANGED)
    return Flow(protocol, asked, answers, led, protocol == TCP and state in _UNFINISHED, key)


def _dump(filters: bytes) -> Iterator[Flow]:
    with _asking() as asked:
        asked.send(_message(_GET, _REQUEST | _DUMP, filters))
        while True:
            for kind, body in _messages(asked.recv(_BUFFER)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise _refused(-struct.unpack_from("=i", body)[0])
                flow = parse(body[4:])
                if flow is not None:
                    yield flow


def _acknowledged(asked: socket.socket) -> bool:
    for kind, body in _messages(asked.recv(_BUFFER)):
        if kind == _ERROR:
            number: int = -struct.unpack_from("=i", body)[0]
            if number not in {0, errno.ENOENT}:
                raise _refused(number)
            return number == 0
    return False


def _asking() -> socket.socket:
    try:
        made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
        made.settimeout(10)
        made.bind((0, 0))
    except OSError as error:
        raise _refused(error.errno or 0) from error
    return made


def _refused(number: int) -> UserError:
    return UserError(
        f"the kernel does not tell of its connections: {os.strerror(number).lower()}",
        None,
        "run as root, on a kernel with `nf_conntrack_netlink`",
    )


def _message(kind: int, flags: int, attributes: bytes) -> bytes:
    body = struct.pack("=BBH", socket.AF_INET, 0, 0) + attributes
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if not 16 <= length <= len(data):
            return
        yield kind, data[16:length]
        data = data[(length + 3) & ~3 :]


def _attribute(kind: int, value: bytes) -> bytes:
    head = struct.pack("=HH", 4 + len(value), kind)
    return head + value + bytes(-len(value) % 4)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if not 4 <= length <= len(data):
            raise ValueError("an attribute that is longer than its message")
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]


def _end(data: bytes, *, destination: bool) -> tuple[int, Endpoint | None]:
    """The transport of a tuple, and one end of it; a port 0 is no end."""
    parts = dict(_attributes(data))
    addresses, ports = dict(_attributes(parts[1])), dict(_attributes(parts[2]))
    address = IPv4Address(addresses[2 if destination else 1])
    protocol = ports[1][0]
    if protocol not in {TCP, UDP}:
        return protocol, None
    (port,) = struct.unpack(">H", ports[3 if destination else 2])
    return protocol, Endpoint(str(address), port) if port else None


def _tcp_state(data: bytes) -> int:
    tcp = dict(_attributes(data)).get(1, b"")
    return dict(_attributes(tcp)).get(1, b"\0")[0]
