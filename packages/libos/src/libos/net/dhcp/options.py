"""DHCP options and the form of their values (RFC 2132, and the RFC named at each other one)."""

from __future__ import annotations

import socket
import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from libos.net.dhcp.wire import MalformedMessageError
from libos.net.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

T = TypeVar("T")


class MessageType(IntEnum):
    """What a DHCP message is for (RFC 2132, section 9.6)."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


class StaticRoute(Value):
    """`StaticRoute(network, prefix_length, router)` is a route; router 0.0.0.0 means on the link.

    `network` is the destination's address as text, its host bits cleared.
    """

    __slots__ = ("network", "prefix_length", "router")

    def __init__(self, network: str, prefix_length: int, router: str) -> None:
        self.network: Final = network
        self.prefix_length: Final = prefix_length
        self.router: Final = router


class Option(Generic[T]):
    """`Option(code, name, decode, encode)` is an option and the form of its value.

    `decode` raises `MalformedMessageError` for bytes of another form; `encode` is its inverse.
    `option(value)` is the pair of code and bytes which `Message(options=dict([...]))` wants.
    """

    __slots__ = ("code", "decode", "encode", "name")

    def __init__(
        self, code: int, name: str, decode: Callable[[bytes], T], encode: Callable[[T], bytes]
    ) -> None:
        self.code: Final = code
        self.name: Final = name
        self.decode: Final = decode
        self.encode: Final = encode

    def __call__(self, value: T) -> tuple[int, bytes]:
        return self.code, self.encode(value)

    def __repr__(self) -> str:
        return f"<option {self.code}, {self.name}>"


def _number(form: str, least: int = 0) -> tuple[Callable[[bytes], int], Callable[[int], bytes]]:
    packed = struct.Struct(form)

    def decode(data: bytes) -> int:
        if len(data) != packed.size:
            raise MalformedMessageError(f"a number of {len(data)} bytes instead of {packed.size}")
        (value,) = packed.unpack(data)
        if value < least:
            raise MalformedMessageError(f"the number {value}, {least} is the least")
        return int(value)

    return decode, packed.pack


def _address(data: bytes) -> str:
    if len(data) != 4:
        raise MalformedMessageError(f"an address of {len(data)} bytes")
    return socket.inet_ntoa(data)


def _packed_address(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET, address)


def _addresses(data: bytes) -> tuple[str, ...]:
    if not data or len(data) % 4:
        raise MalformedMessageError(f"addresses of {len(data)} bytes together")
    return tuple(socket.inet_ntoa(data[at : at + 4]) for at in range(0, len(data), 4))


def _packed_addresses(addresses: tuple[str, ...]) -> bytes:
    return b"".join(map(_packed_address, addresses))


def _name(data: bytes) -> str:
    # Only what may stand in a domain name: such text ends up in files of the guest.
    text = data.rstrip(b"\0").decode("latin-1")
    labels = text.removesuffix(".").split(".")
    if len(text) > 255 or not all(map(_is_label, labels)):
        raise MalformedMessageError(f"the name {data[:64]!r}")
    return text


def _is_label(text: str) -> bool:
    return text.isascii() and text[:1] != "-" and text.replace("-", "").replace("_", "x").isalnum()


def _packed_name(name: str) -> bytes:
    return name.encode("ascii")


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "replace")


def _packed_text(text: str) -> bytes:
    return text.encode()


def _octets(data: bytes) -> bytes:
    if not data:
        raise MalformedMessageError("no bytes")
    return data


def _same(data: bytes) -> bytes:
    return data


def _prefix_length(data: bytes) -> int:
    """The subnet mask as a prefix length: masks with holes are refused."""
    mask = int.from_bytes(data, "big") if len(data) == 4 else -1
    length = mask.bit_count()
    if mask != 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF:
        raise MalformedMessageError(f"the subnet mask {data.hex()}")
    return length


def _packed_prefix_length(length: int) -> bytes:
    return (0xFFFFFFFF << (32 - length) & 0xFFFFFFFF).to_bytes(4, "big")


def _message_type(data: bytes) -> MessageType:
    if len(data) != 1 or not 1 <= data[0] <= 8:
        raise MalformedMessageError(f"the message type {data.hex()}")
    return MessageType(data[0])


def _packed_message_type(kind: MessageType) -> bytes:
    return bytes([kind])


def _routes(data: bytes) -> tuple[StaticRoute, ...]:
    """RFC 3442: each route is a prefix length, the prefix's significant bytes and the router."""
    routes = []
    at = 0
    while at < len(data):
        length = data[at]
        octets = -(-length // 8)
        end = at + 1 + octets + 4
        if length > 32 or end > len(data):
            raise MalformedMessageError(f"classless static routes {data.hex()}")
        network = int.from_bytes(data[at + 1 : at + 1 + octets].ljust(4, b"\0"), "big")
        free = 32 - length
        packed = (network >> free << free).to_bytes(4, "big")
        router = socket.inet_ntoa(data[end - 4 : end])
        routes.append(StaticRoute(socket.inet_ntoa(packed), length, router))
        at = end
    if not routes:
        raise MalformedMessageError("no classless static route")
    return tuple(routes)


def _packed_routes(routes: tuple[StaticRoute, ...]) -> bytes:
    packed = bytearray()
    for route in routes:
        octets = -(-route.prefix_length // 8)
        packed.append(route.prefix_length)
        packed += _packed_address(route.network)[:octets] + _packed_address(route.router)
    return bytes(packed)


SUBNET_MASK = Option(1, "subnet mask", _prefix_length, _packed_prefix_length)
ROUTERS = Option(3, "routers", _addresses, _packed_addresses)
DOMAIN_NAME_SERVERS = Option(6, "domain name servers", _addresses, _packed_addresses)
HOST_NAME = Option(12, "host name", _name, _packed_name)
DOMAIN_NAME = Option(15, "domain name", _name, _packed_name)
INTERFACE_MTU = Option(26, "interface MTU", *_number("!H", 68))
BROADCAST_ADDRESS = Option(28, "broadcast address", _address, _packed_address)
REQUESTED_ADDRESS = Option(50, "requested IP address", _address, _packed_address)
LEASE_TIME = Option(51, "lease time in seconds", *_number("!I"))
MESSAGE_TYPE = Option(53, "message type", _message_type, _packed_message_type)
SERVER_IDENTIFIER = Option(54, "server identifier", _address, _packed_address)
PARAMETER_REQUEST_LIST = Option(55, "parameter request list", _octets, _same)
MESSAGE = Option(56, "message", _text, _packed_text)
MAXIMUM_MESSAGE_SIZE = Option(57, "maximum message size", *_number("!H", 576))
RENEWAL_TIME = Option(58, "renewal time (T1) in seconds", *_number("!I"))
REBINDING_TIME = Option(59, "rebinding time (T2) in seconds", *_number("!I"))
VENDOR_CLASS = Option(60, "vendor class identifier", _octets, _same)
CLIENT_IDENTIFIER = Option(61, "client identifier", _octets, _same)
CLASSLESS_STATIC_ROUTES = Option(121, "classless static routes (RFC 3442)", _routes, _packed_routes)

INFINITE = 0xFFFFFFFF
"""The lease time that never ends (RFC 2131, section 3.3)."""
