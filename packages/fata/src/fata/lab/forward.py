"""Published ports of a lab, as they are written."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from fata.lab.record import Forward
from functoria.error import UsageError

NETWORK = IPv4Network("10.0.2.0/24")
_SHAPE = re.compile(r"([0-9]{1,5}):([0-9.]+):([0-9]{1,5})(?:/(tcp|udp))?")
_FORM = "write `HOST:ADDRESS:PORT`, such as `8080:10.0.2.20:80`, with `/udp` if needed"


def parse(text: str, option: str) -> Forward:
    """`parse("8080:10.0.2.20:80", option)` is the publication that the text asks for.

    Raises `UsageError` naming `option`.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise UsageError(f"`{text}` is not a published port of a lab", option, _FORM)
    try:
        address = IPv4Address(match[2])
    except AddressValueError as error:
        raise UsageError(f"`{match[2]}` is not an IPv4 address", option, _FORM) from error
    if address not in NETWORK:
        raise UsageError(
            f"`{address}` is not in the lab's network",
            option,
            f"give guests addresses of {NETWORK}, which their bridge is on",
        )
    host, guest = int(match[1]), int(match[3])
    if host > 65535 or not 1 <= guest <= 65535:
        raise UsageError(f"`{text}` names a port that does not exist", option, _FORM)
    return Forward(host, str(address), guest, match[4] or "tcp")
