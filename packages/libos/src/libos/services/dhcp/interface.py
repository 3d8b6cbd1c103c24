"""The address that an interface has, as the kernel tells it (netdevice(7))."""

from __future__ import annotations

import fcntl
import socket
import struct

from libos.services.dhcp.subnet import InvalidSubnet

_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B
_NAME_BYTES = 16
_REQUEST = struct.Struct("16s24x")
_ADDRESS = slice(20, 24)  # sin_addr in the sockaddr_in behind the name


def interface_address(interface: str) -> str:
    """`interface_address("eth0")` is its IPv4 address and prefix length, as `10.0.0.1/24`.

    Raises `InvalidSubnet` if there is no such interface, or it has no such address.
    """
    name = interface.encode()
    if not 0 < len(name) < _NAME_BYTES:
        raise InvalidSubnet(f"`{interface}` is not the name of an interface")
    request = _REQUEST.pack(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            address = fcntl.ioctl(control, _SIOCGIFADDR, request)[_ADDRESS]
            mask = fcntl.ioctl(control, _SIOCGIFNETMASK, request)[_ADDRESS]
        except OSError as error:
            raise InvalidSubnet(
                f"the interface `{interface}` has no IPv4 address whose network could be served "
                f"({error.strerror}): give it one, in a VM with `--ipv4=10.0.0.1/24`"
            ) from None
    return f"{socket.inet_ntoa(address)}/{int.from_bytes(mask, 'big').bit_count()}"
