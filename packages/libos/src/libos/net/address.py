"""Addresses: reading them from text, and giving them to an interface."""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING

from libos.net.error import ConfigurationError, InvalidAddressError
from libos.net.netlink import NLM_F_CREATE, NLM_F_REPLACE, Netlink, attribute
from libos.net.value import Value

if TYPE_CHECKING:
    from typing import Final

    from libos.net.link import Link

RTM_NEWADDR, RTM_DELADDR = 20, 21
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST = 1, 2, 4
IFA_F_NODAD = 0x02

_ADDRESS = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, interface index


class InterfaceAddress(Value):
    """`InterfaceAddress(address, prefix_length)` is an IP address with the size of its subnet.

    `address` is its text as the kernel writes it, `packed` the same in 4 or 16 bytes. Its text
    is `address/prefix_length`. `ValueError` is raised for what is no address or no prefix length.
    """

    __slots__ = ("address", "packed", "prefix_length")

    def __init__(self, address: str, prefix_length: int) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            self.packed: Final = socket.inet_pton(family, address)
        except (OSError, ValueError) as error:
            raise ValueError(f"`{address}` is not an IP address") from error
        if not 0 <= prefix_length <= 8 * len(self.packed):
            raise ValueError(f"`/{prefix_length}` is not between /0 and /{8 * len(self.packed)}")
        self.address: Final = socket.inet_ntop(family, self.packed)
        self.prefix_length: Final = prefix_length

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix_length}"

    @property
    def family(self) -> int:
        """`family` is AF_INET or AF_INET6."""
        return socket.AF_INET if len(self.packed) == 4 else socket.AF_INET6

    @property
    def network(self) -> InterfaceAddress:
        """`network` is the subnet: the same with the host bits cleared."""
        return InterfaceAddress(
            socket.inet_ntop(self.family, self._masked(self.packed)), self.prefix_length
        )

    def contains(self, packed: bytes) -> bool:
        """`contains(packed)` says whether that address is in this one's subnet."""
        return len(packed) == len(self.packed) and self._masked(packed) == self._masked(self.packed)

    def _masked(self, packed: bytes) -> bytes:
        free = 8 * len(packed) - self.prefix_length
        return (int.from_bytes(packed, "big") >> free << free).to_bytes(len(packed), "big")

    @property
    def broadcast(self) -> bytes | None:
        """`broadcast` is the subnet's broadcast address; None where IPv4 has none or in IPv6."""
        if self.family != socket.AF_INET or self.prefix_length > 30:
            return None
        free = (1 << (32 - self.prefix_length)) - 1
        return (int.from_bytes(self.packed, "big") | free).to_bytes(4, "big")


def parse_interface_address(text: str, argument: str, family: int) -> InterfaceAddress:
    """`parse_interface_address("10.0.0.2/24", argument, AF_INET)` is that boot argument's address.

    `InvalidAddressError` is raised for malformed text and for addresses no host can have.
    """
    version, example = (6, "fd00::2/64") if family == socket.AF_INET6 else (4, "10.0.0.2/24")
    do = f"write an IPv{version} address with its prefix length, such as `--{argument}={example}`"
    address, slash, length = text.partition("/")
    if not slash or not (length.isascii() and length.isdigit() and len(length) <= 3):
        raise InvalidAddressError(f"`{text}` has no prefix length", f"--{argument}={text}", do)
    if (":" in address) != (version == 6):
        raise InvalidAddressError(
            f"`{text}` is not an IPv{version} address", f"--{argument}={text}", do
        )
    try:
        parsed = InterfaceAddress(address, int(length))
    except ValueError as error:
        raise InvalidAddressError(str(error), f"--{argument}={text}", do) from error
    fault = _not_a_host(parsed)
    if fault:
        raise InvalidAddressError(
            f"`{text}` is {fault}", f"--{argument}={text}", "choose another address"
        )
    return parsed


def _not_a_host(address: InterfaceAddress) -> str | None:
    packed, network = address.packed, address.network
    multicast = packed[0] == 0xFF if address.family == socket.AF_INET6 else packed[0] >= 224
    subnet = address.family == socket.AF_INET and 0 < address.prefix_length < 31
    faults = (
        (not any(packed), "the unspecified address"),
        (multicast, "a multicast or reserved address"),
        (address.prefix_length == 0, "an address in a subnet as large as the whole Internet"),
        (packed == address.broadcast, f"the broadcast address of its subnet {network}"),
        (subnet and packed == network.packed, "the address of a subnet, not of a host in it"),
    )
    return next((what for found, what in faults if found), None)


def parse_gateway(text: str, argument: str, address: InterfaceAddress) -> bytes:
    """`parse_gateway(text, argument, address)` is the packed address of a usable gateway.

    It must be in the subnet of `address`; any is taken where that is a single host (/32, /128), as
    clouds route such addresses through a gateway on the link, and so is a link-local one in IPv6.
    """
    try:
        packed = socket.inet_pton(address.family, text)
    except (OSError, ValueError) as error:
        version = 4 if address.family == socket.AF_INET else 6
        raise InvalidAddressError(
            f"`{text}` is not an IPv{version} address",
            f"--{argument}={text}",
            "give the gateway as a plain address, without a prefix length",
        ) from error
    if packed == address.packed:
        raise InvalidAddressError(
            f"gateway `{text}` is this VM's own address",
            f"--{argument}={text}",
            "give the address of the router, usually the host's end of the bridge",
        )
    on_link = address.prefix_length == 8 * len(packed) or packed[:1] + packed[1:2] == b"\xfe\x80"
    if not (address.contains(packed) or on_link):
        raise InvalidAddressError(
            f"gateway `{text}` is outside of the subnet {address.network}",
            f"--{argument}={text}",
            f"give a gateway in {address.network}, or correct the prefix length of {address}",
        )
    return packed


def add_address(netlink: Netlink, link: Link, address: InterfaceAddress) -> None:
    """`add_address(netlink, link, address)` is done when the interface has that address."""
    try:
        netlink.change(
            RTM_NEWADDR, _request(link, address, address.broadcast), NLM_F_CREATE | NLM_F_REPLACE
        )
    except OSError as error:
        lacking = error.errno in {errno.EOPNOTSUPP, errno.EAFNOSUPPORT}
        raise ConfigurationError(
            f"the kernel refused {address} on `{link.name}`: {error.strerror}",
            f"--{'ipv4' if address.family == socket.AF_INET else 'ipv6'}={address}",
            "use a kernel with this protocol compiled in" if lacking else "choose another address",
        ) from error


def remove_address(netlink: Netlink, link: Link, address: InterfaceAddress) -> None:
    """`remove_address(netlink, link, address)` is done when the interface lacks that address.

    The kernel takes away the routes that depended on it.
    """
    try:
        netlink.change(RTM_DELADDR, _request(link, address, None))
    except OSError as error:
        if error.errno not in {errno.EADDRNOTAVAIL, errno.ENODEV}:
            raise


def _request(link: Link, address: InterfaceAddress, broadcast: bytes | None) -> bytes:
    # Without duplicate address detection a static IPv6 address is usable at once, not after 1 s.
    flags = IFA_F_NODAD if address.family == socket.AF_INET6 else 0
    body = _ADDRESS.pack(address.family, address.prefix_length, flags, 0, link.index)
    body += attribute(IFA_LOCAL, address.packed) + attribute(IFA_ADDRESS, address.packed)
    if broadcast is not None:
        body += attribute(IFA_BROADCAST, broadcast)
    return body
