"""Published ports: which port of this machine leads to which port of the guest."""

from __future__ import annotations

import contextlib
import errno
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

from fata.qemu.owner import owner
from functoria.error import UsageError, UserError

LOOPBACK = "127.0.0.1"

_SHAPE = re.compile(
    r"(?:(?P<address>[^:/]+):)?(?P<host>[0-9]{1,5}):(?P<guest>[0-9]{1,5})(?:/(?P<protocol>[a-z]+))?"
)
_FORMS = "write `HOST:GUEST`, `ADDRESS:HOST:GUEST`, each with `/tcp` or `/udp` if needed"


class Protocol(StrEnum):
    """The transport of a published port."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True, order=True)
class Publish:
    """`Publish(address, host, guest, protocol)` leads `address:host` here to `guest` in the VM.

    `address` is an IPv4 address of this machine. `host` 0 stands for "any free port" until
    `assign` has chosen one.
    """

    address: str
    host: int
    guest: int
    protocol: Protocol = Protocol.TCP

    def __str__(self) -> str:
        return f"{self.address}:{self.host}:{self.guest}/{self.protocol}"


def parse(text: str, option: str = "--publish") -> Publish:
    """`parse(text, option)` is the port that `text` publishes, e.g. `8080:80` or `53:53/udp`.

    Without an address the port is bound to the loopback address only. Raises `UsageError`
    naming `option`.
    """
    if "[" in text:
        raise UsageError(
            f"`{text}` names an IPv6 address, and QEMU forwards IPv4 only", option, _FORMS
        )
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise UsageError(f"`{text}` is not a published port", option, _FORMS)
    protocol = match["protocol"] or "tcp"
    if protocol not in set(Protocol):
        raise UsageError(
            f"`{protocol}` in `{text}` is not a protocol that can be published",
            option,
            "write `/tcp` or `/udp`",
        )
    return Publish(
        _address(match["address"] or LOOPBACK, text, option),
        _number(match["host"], 0, text, option),
        _number(match["guest"], 1, text, option),
        Protocol(protocol),
    )


def parse_all(texts: Iterable[str], option: str = "--publish") -> tuple[Publish, ...]:
    """`parse_all(texts, option)` is `parse` of each, in order; no place may be taken twice."""
    ports = tuple(parse(text, option) for text in texts)
    taken: set[tuple[str, int, Protocol]] = set()
    for port in ports:
        place = (port.address, port.host, port.protocol)
        if port.host and place in taken:
            raise UsageError(
                f"`{port.address}:{port.host}/{port.protocol}` is published twice",
                option,
                "give each guest port its own port of this machine, or 0 for any free one",
            )
        taken.add(place)
    return ports


def assign(ports: Iterable[Publish], option: str = "--publish") -> tuple[Publish, ...]:
    """`assign(ports, option)` is `ports` with every host port 0 replaced by a free one.

    Each port is bound once to see that it can be: a port in use, a privileged one and a foreign
    address are told here, by `UserError`, rather than by QEMU. The ports are free again when
    this returns, so that QEMU can bind them.
    """
    with contextlib.ExitStack() as held:
        return tuple(_bind(port, held, option) for port in ports)


def _bind(port: Publish, held: contextlib.ExitStack, option: str) -> Publish:
    kind = socket.SOCK_STREAM if port.protocol is Protocol.TCP else socket.SOCK_DGRAM
    bound = held.enter_context(socket.socket(socket.AF_INET, kind))
    if port.protocol is Protocol.TCP:
        # As QEMU does: connections of an earlier guest that linger in TIME_WAIT are no obstacle.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((port.address, port.host))
    except OSError as error:
        raise unavailable(port, error.errno or 0, option) from error
    return replace(port, host=bound.getsockname()[1])


def unavailable(port: Publish, number: int, option: str = "--publish") -> UserError:
    """`unavailable(port, number, option)` is the error for a `bind` that failed with `number`."""
    place = f"{port.address}:{port.host}/{port.protocol}"
    free = f"{port.address}:0:{port.guest}"
    if number == errno.EADDRINUSE:
        holder = owner(port.host, port.protocol.value)
        by = f" by {holder}" if holder else ""
        return UserError(
            f"port `{place}` is already in use{by}",
            option,
            f"stop that program, publish another port, or let one be chosen with `{free}`",
        )
    if number in {errno.EACCES, errno.EPERM}:
        return UserError(
            f"port `{place}` may only be opened by root",
            option,
            f"publish a port above 1023, for instance `{port.host + 8000}:{port.guest}`",
        )
    if number == errno.EADDRNOTAVAIL:
        return UserError(
            f"`{port.address}` is not an address of this machine",
            option,
            f"use one that `ip address` lists, `{LOOPBACK}`, or `0.0.0.0` for all of them",
        )
    return UserError(
        f"port `{place}` cannot be opened: error {number}",
        option,
        f"publish another port, or let one be chosen with `{free}`",
    )


def _address(text: str, whole: str, option: str) -> str:
    if text == "localhost":
        return LOOPBACK
    try:
        return str(IPv4Address(text))
    except AddressValueError as error:
        raise UsageError(
            f"`{text}` in `{whole}` is not an IPv4 address",
            option,
            f"write an address of this machine such as `{LOOPBACK}`, or leave it out",
        ) from error


def _number(text: str, least: int, whole: str, option: str) -> int:
    number = int(text)
    if not least <= number <= 65535:
        raise UsageError(
            f"`{text}` in `{whole}` is not a port number", option, f"use {least} to 65535"
        )
    return number
