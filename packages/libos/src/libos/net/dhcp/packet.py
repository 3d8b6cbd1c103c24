"""IPv4 and UDP headers around a DHCP message, for a link that has no address yet.

RFC 791, RFC 768 and the checksum of RFC 1071.
"""

from __future__ import annotations

import struct

IP_MAXIMUM = 65535

_IP = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_PSEUDO = struct.Struct("!4s4sBBH")
_UDP_PROTOCOL = 17
_VERSION_4 = 4
_DO_NOT_FRAGMENT, _MORE_FRAGMENTS_OR_OFFSET = 0x4000, 0x3FFF
_TIME_TO_LIVE = 64


class MalformedPacketError(ValueError):
    """Bytes which are no intact, whole UDP datagram in IPv4."""


def checksum(data: bytes) -> int:
    """`checksum(data)` is the Internet checksum: 0 over data that holds its own right checksum."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def render_udp(
    payload: bytes, source: bytes, source_port: int, destination: bytes, destination_port: int
) -> bytes:
    """`render_udp(...)` is the IPv4 packet with that payload; addresses are four bytes."""
    length = _UDP.size + len(payload)
    total = _IP.size + length
    if total > IP_MAXIMUM:
        raise ValueError(f"{len(payload)} bytes do not fit into a UDP datagram")
    pseudo = _PSEUDO.pack(source, destination, 0, _UDP_PROTOCOL, length)
    bare = _UDP.pack(source_port, destination_port, length, 0)
    # A sum of zero is sent as its other representation: zero means that there is none (RFC 768).
    udp_sum = checksum(pseudo + bare + payload) or 0xFFFF
    udp = _UDP.pack(source_port, destination_port, length, udp_sum)
    fields = (0x45, 0, total, 0, _DO_NOT_FRAGMENT, _TIME_TO_LIVE, _UDP_PROTOCOL)
    ip_sum = checksum(_IP.pack(*fields, 0, source, destination))
    return _IP.pack(*fields, ip_sum, source, destination) + udp + payload


def parse_udp(packet: bytes, *, summed: bool = True) -> tuple[bytes, int, bytes, int, bytes]:
    """`parse_udp(packet)` is (source, source port, destination, destination port, payload).

    What follows the packet on the link (padding) is cut off. With `summed` false the UDP checksum
    is not looked at: a packet that never left the host (virtio, veth) carries an unfinished one,
    and the kernel says so. `MalformedPacketError` is raised for anything else than an intact,
    unfragmented UDP datagram.
    """
    source, destination, datagram = _parse_ip(packet)
    if len(datagram) < _UDP.size:
        raise MalformedPacketError("a truncated UDP header")
    source_port, destination_port, length, udp_sum = _UDP.unpack_from(datagram)
    if not _UDP.size <= length <= len(datagram):
        raise MalformedPacketError("a wrong UDP length")
    datagram = datagram[:length]
    if summed and udp_sum:
        pseudo = _PSEUDO.pack(source, destination, 0, _UDP_PROTOCOL, length)
        if checksum(pseudo + datagram):
            raise MalformedPacketError("a wrong UDP checksum")
    return source, source_port, destination, destination_port, datagram[_UDP.size :]


def _parse_ip(packet: bytes) -> tuple[bytes, bytes, bytes]:
    if len(packet) < _IP.size:
        raise MalformedPacketError("a truncated IP header")
    first, _, total, _, fragment, _, protocol, _, source, destination = _IP.unpack_from(packet)
    header = (first & 0x0F) * 4
    if first >> 4 != _VERSION_4 or header < _IP.size or not header <= total <= len(packet):
        raise MalformedPacketError("not an IPv4 packet of the length that it states")
    if checksum(packet[:header]):
        raise MalformedPacketError("a wrong IP header checksum")
    if protocol != _UDP_PROTOCOL or fragment & _MORE_FRAGMENTS_OR_OFFSET:
        raise MalformedPacketError("a fragment, or not UDP")
    return source, destination, packet[header:total]
