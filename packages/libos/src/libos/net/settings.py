"""The boot arguments of the network, checked before anything is changed."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from libos.net.address import InterfaceAddress, parse_gateway, parse_interface_address
from libos.net.error import InvalidAddressError

if TYPE_CHECKING:
    from typing import Final

DHCP, AUTO, NONE = "dhcp", "auto", "none"


class Settings:
    """`Settings(...)` are the addresses that boot arguments of the same names stand for.

    `ipv4` is None for `dhcp` and `none`, `ipv6` for `auto` and `none`. `InvalidAddressError` names
    the argument which is malformed or contradicts another one.
    """

    __slots__ = ("dns", "hostname", "ipv4", "ipv4_gateway", "ipv6", "ipv6_gateway")

    def __init__(
        self,
        *,
        ipv4: str,
        ipv4_gateway: str | None,
        ipv6: str,
        ipv6_gateway: str | None,
        dns: tuple[str, ...],
        hostname: str | None,
    ) -> None:
        self.ipv4: Final = (
            None if ipv4 in {DHCP, NONE} else parse_interface_address(ipv4, "ipv4", socket.AF_INET)
        )
        self.ipv6: Final = (
            None if ipv6 in {AUTO, NONE} else parse_interface_address(ipv6, "ipv6", socket.AF_INET6)
        )
        self.ipv4_gateway: Final = _gateway(ipv4_gateway, "ipv4", ipv4, self.ipv4)
        self.ipv6_gateway: Final = _gateway(ipv6_gateway, "ipv6", ipv6, self.ipv6)
        self.dns: Final = tuple(map(_name_server, dns))
        self.hostname: Final = None if hostname is None else _host_name(hostname)


def _gateway(
    text: str | None, argument: str, mode: str, address: InterfaceAddress | None
) -> bytes | None:
    if text is None:
        return None
    if address is None:
        raise InvalidAddressError(
            f"a gateway is given, but no static address to go with it: `--{argument}={mode}`",
            f"--{argument}-gateway={text}",
            f"leave the gateway to `--{argument}={mode}`, or give a static `--{argument}` too",
        )
    return parse_gateway(text, f"{argument}-gateway", address)


def _name_server(text: str) -> str:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError) as error:
        raise InvalidAddressError(
            f"name server `{text}` is not an IP address",
            f"--dns={text}",
            "give addresses: names cannot be looked up before there is a name server",
        ) from error


def _host_name(text: str) -> str:
    plain = text.replace("-", "a").replace(".", "a")
    if plain.isascii() and plain.isalnum() and len(text) <= 63 and text[0] not in "-.":
        return text
    raise InvalidAddressError(
        f"`{text}` is not a host name",
        f"--hostname={text}",
        "use letters, digits, `-` and `.`, 63 of them at most, and begin with a letter or digit",
    )
