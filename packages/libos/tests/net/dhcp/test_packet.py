"""IPv4 and UDP headers of our own making, and other people's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.net.dhcp.packet import MalformedPacketError, checksum, parse_udp, render_udp

CLIENT, SERVER = bytes([10, 0, 0, 7]), bytes([10, 0, 0, 1])

addresses = st.binary(min_size=4, max_size=4)
ports = st.integers(0, 65535)


@given(st.binary(max_size=1500), addresses, ports, addresses, ports, st.binary(max_size=60))
def test_a_datagram_is_read_as_it_was_written_whatever_pads_it(
    payload: bytes, source: bytes, sport: int, destination: bytes, dport: int, padding: bytes
) -> None:
    packet = render_udp(payload, source, sport, destination, dport)
    assert parse_udp(packet + padding) == (source, sport, destination, dport, payload)


@given(st.binary(min_size=1, max_size=64), st.data())
def test_every_flipped_bit_is_noticed_or_harmless(payload: bytes, data: st.DataObject) -> None:
    packet = bytearray(render_udp(payload, CLIENT, 68, SERVER, 67))
    bit = data.draw(st.integers(0, len(packet) * 8 - 1))
    packet[bit // 8] ^= 1 << bit % 8
    if packet[26:28] == b"\0\0":
        assert parse_udp(bytes(packet))[4] == payload  # "there is no checksum"
        return
    with pytest.raises(MalformedPacketError):
        parse_udp(bytes(packet))


@given(st.binary(max_size=100), st.booleans())
def test_any_bytes_are_a_datagram_or_malformed(data: bytes, summed: bool) -> None:
    try:
        parse_udp(data, summed=summed)
    except MalformedPacketError:
        return


def test_the_checksum_is_the_one_of_rfc_1071() -> None:
    data = bytes.fromhex("0001f203f4f5f6f7")
    assert checksum(data) == 0xFFFF - 0xDDF2
    assert checksum(data + checksum(data).to_bytes(2, "big")) == 0


def test_an_unfinished_checksum_is_passed_over_only_if_the_kernel_says_so() -> None:
    packet = bytearray(render_udp(b"offer", SERVER, 67, CLIENT, 68))
    packet[26:28] = b"\x12\x34"
    assert parse_udp(bytes(packet), summed=False)[4] == b"offer"
    with pytest.raises(MalformedPacketError, match="wrong UDP checksum"):
        parse_udp(bytes(packet))


def test_no_checksum_at_all_is_allowed_in_ipv4() -> None:
    packet = bytearray(render_udp(b"offer", SERVER, 67, CLIENT, 68))
    packet[26:28] = b"\0\0"
    assert parse_udp(bytes(packet))[4] == b"offer"


def test_a_sum_of_zero_is_sent_as_ones() -> None:
    # The two bytes are chosen so that everything adds up to 0xffff.
    bare = render_udp(b"\0\0", bytes(4), 0, bytes(4), 0)
    packet = render_udp(bare[26:28], bytes(4), 0, bytes(4), 0)
    assert packet[26:28] == b"\xff\xff"
    assert parse_udp(packet)[4] == bare[26:28]


def resum(packet: bytearray) -> bytes:
    packet[10:12] = b"\0\0"
    packet[10:12] = checksum(bytes(packet[:20])).to_bytes(2, "big")
    return bytes(packet)


@pytest.mark.parametrize(
    ("at", "value", "what"),
    [
        (0, 0x65, "not an IPv4 packet"),
        (0, 0x44, "not an IPv4 packet"),
        (0, 0x4F, "not an IPv4 packet"),
        (3, 0xFF, "not an IPv4 packet"),
        (6, 0x20, "a fragment"),
        (7, 0x01, "a fragment"),
        (9, 6, "a fragment, or not UDP"),
        (25, 3, "a wrong UDP length"),
        (25, 99, "a wrong UDP length"),
    ],
)
def test_other_packets_are_refused(at: int, value: int, what: str) -> None:
    packet = bytearray(render_udp(b"x", SERVER, 67, CLIENT, 68))
    packet[at] = value
    with pytest.raises(MalformedPacketError, match=what):
        parse_udp(resum(packet))
