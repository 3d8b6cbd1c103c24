"""Ports of a host that lead to a guest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from fata.settings.refusal import RefusedError
from functoria.converter import PORT

_SHAPE = re.compile(
    r"(?:(?P<nic>[A-Za-z][A-Za-z0-9_-]{0,31})/)?(?P<host>[0-9]{1,5}):(?P<guest>[0-9]{1,5})"
    r"(?:/(?P<protocol>[a-z]{1,8}))?",
    re.ASCII,
)


class Protocol(StrEnum):
    """The transport of a port."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """`Port(host, guest, protocol, nic)` leads a port of the host to one of the guest.

    `nic` is the interface of the program, `None` for its first.
    """

    host: int
    guest: int
    protocol: Protocol = Protocol.TCP
    nic: str | None = None

    def __str__(self) -> str:
        nic = "" if self.nic is None else f"{self.nic}/"
        protocol = "" if self.protocol is Protocol.TCP else f"/{self.protocol}"
        return f"{nic}{self.host}:{self.guest}{protocol}"


def parse_port(text: str) -> Port:
    """`parse_port("front/53:53/udp")` is that port. Raises `ValueError`."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise RefusedError(
            f"`{text}` does not lead a port anywhere",
            "write `HOST:GUEST`, such as `80:8080` or `53:53/udp`, with `NIC/` in front for "
            "another interface than the first",
        )
    protocol = match["protocol"] or "tcp"
    if protocol not in set(Protocol):
        raise RefusedError(f"`{protocol}` in `{text}` is no transport", "write `/tcp` or `/udp`")
    return Port(
        PORT.parse(match["host"]), PORT.parse(match["guest"]), Protocol(protocol), match["nic"]
    )
