"""Reads the part of `fata.toml` about environments."""

from __future__ import annotations

import math
from collections.abc import Mapping

from fata.settings.model import (
    MAIN,
    PRODUCTION,
    Environment,
    Health,
    Kind,
    Limits,
    Settings,
)
from fata.settings.names import parse_argument, parse_branch, parse_host, parse_name
from fata.settings.port import Port, Protocol, parse_port
from fata.settings.refusal import RefusedError
from fata.settings.table import Table
from functoria.converter import DURATION, SIZE, choice

_KEYS = (
    *("branch", "host", "arguments", "ports", "memory", "cpus", "keep"),
    *("health", "limits"),
)
_HEALTH = (
    *("kind", "port", "path", "status", "text", "successes"),
    *("interval", "timeout", "deadline", "drain"),
)
_HTTP_PORTS = (80, 8080)
_MIB = 1 << 20
_DAY = 86400.0


def environments_of(table: Table) -> tuple[Environment, ...]:
    """`environments_of(table)` is the environments, `production` if there is none."""
    if not table.data:
        return Settings().environments
    main_is_taken = any(
        isinstance(value, dict) and value.get("branch") == MAIN for value in table.data.values()
    )
    found: list[Environment] = []
    for name in table.data:
        try:
            parse_name(name)
        except RefusedError as refusal:
            raise table.refused(name, str(refusal), refusal.do) from None
        branch = MAIN if name == PRODUCTION and not main_is_taken else None
        one = _environment(name, table.table(name), branch)
        _check_beside(found, one, table.table(name))
        found.append(one)
    return tuple(found)


def _environment(name: str, table: Table, branch: str | None) -> Environment:
    table.only(_KEYS)
    ports = table.items("ports", parse_port)
    _check_ports(ports, table)
    return Environment(
        name=name,
        branch=table.text_of("branch", branch, parse_branch),
        host=table.text_of("host", None, parse_host),
        arguments=table.items("arguments", parse_argument),
        ports=ports,
        memory=_memory(table),
        cpus=table.integer("cpus", None, 1, 256),
        keep=table.integer("keep", 3, 0, 1000),
        health=_health(table.table("health"), ports),
        limits=_limits(table.table("limits")),
    )


def _check_ports(ports: tuple[Port, ...], table: Table) -> None:
    taken: Mapping[tuple[int, Protocol], Port] = {(p.host, p.protocol): p for p in ports}
    for port in ports:
        other = taken[port.host, port.protocol]
        if other is not port:
            raise table.refused(
                "ports",
                f"`{port}` and `{other}` are the same port of the host",
                "give each its own port of the host",
            )


def _check_beside(found: list[Environment], one: Environment, table: Table) -> None:
    """Refuse what two environments cannot both have."""
    for other in found:
        if one.branch is not None and one.branch == other.branch:
            raise table.refused(
                "branch",
                f"`{one.name}` and `{other.name}` are both deployed from `{one.branch}`",
                "give each environment its own branch",
            )
        if one.host is None or one.host != other.host:
            continue
        taken = {(port.host, port.protocol) for port in other.ports}
        for port in one.ports:
            if (port.host, port.protocol) in taken:
                raise table.refused(
                    "ports",
                    f"port {port.host}/{port.protocol} of `{one.host}` is also the port of "
                    f"`{other.name}`",
                    "give each its own port of the host",
                )


def _memory(table: Table) -> int | None:
    size = table.quantity("memory", None, SIZE)
    if size is None:
        return None
    if size % _MIB or not size:
        raise table.refused(
            "memory", "`memory` is not a whole number of MiB", "write it as `64MiB`"
        )
    if size > _MIB * _MIB:
        raise table.refused("memory", "`memory` is more than 1 TiB")
    return size // _MIB


def _health(table: Table, ports: tuple[Port, ...]) -> Health:
    table.only(_HEALTH)
    asked = table.integer("port", None, 1, 65535)
    kind = _kind(table, asked, ports)
    port = _probed(kind, asked, ports)
    _check_health(table, kind, port)
    interval, timeout, deadline = (
        _seconds(table, name, default)
        for name, default in (("interval", 1.0), ("timeout", 5.0), ("deadline", 60.0))
    )
    return Health(
        kind=kind,
        port=port,
        path=table.text_of("path", "/", _path),
        status=table.integer("status", 200, 100, 599),
        text=table.text_of("text", None, _text),
        successes=table.integer("successes", 3, 1, 1000),
        interval=interval,
        timeout=timeout,
        deadline=deadline,
        drain=_seconds(table, "drain", 10.0, least=0),
    )


def _kind(table: Table, asked: int | None, ports: tuple[Port, ...]) -> Kind:
    said = table.text_of("kind", None, choice(*Kind).parse)
    if said is not None:
        return Kind(said)
    port = _probed(Kind.TCP, asked, ports)
    if port is None:
        return Kind.CONSOLE
    return Kind.HTTP if port in _HTTP_PORTS else Kind.TCP


def _probed(kind: Kind, asked: int | None, ports: tuple[Port, ...]) -> int | None:
    """The port that is asked: the one that is said, or the first of TCP; for HTTP, a usual one."""
    if asked is not None or kind is Kind.CONSOLE:
        return asked
    led = [port.guest for port in ports if port.protocol is Protocol.TCP]
    usual = [port for port in led if port in _HTTP_PORTS]
    return next(iter((*usual, *led)), None)


def _check_health(table: Table, kind: Kind, port: int | None) -> None:
    if kind is Kind.CONSOLE and port is not None:
        raise table.refused(
            "port", "a console has no port", 'leave `port` out, or write `kind = "tcp"`'
        )
    if kind is not Kind.CONSOLE and port is None:
        raise table.refused(
            "kind", f"there is no port to ask by {kind}", "add `port`, the guest's, below it"
        )
    meant = {"path": (Kind.HTTP,), "status": (Kind.HTTP,), "text": (Kind.HTTP, Kind.CONSOLE)}
    for name, kinds in meant.items():
        if name in table.data and kind not in kinds:
            other = " or ".join(f'`kind = "{each}"`' for each in kinds)
            raise table.refused(
                name, f"`{name}` means nothing for health by {kind}", f"leave it out, or {other}"
            )


def _seconds(table: Table, name: str, default: float, least: float = 0.01) -> float:
    seconds = table.quantity(name, default, DURATION)
    if not math.isfinite(seconds) or not least <= seconds <= _DAY:
        raise table.refused(name, f"`{name}` is from {least:g}s to 1d")
    return seconds


def _limits(table: Table) -> Limits:
    table.only(("cpu", "io"))
    io = table.quantity("io", None, SIZE)
    if io is not None and not 1 <= io < 1 << 60:
        raise table.refused("io", "`io` is at least one byte per second", "leave it out for none")
    return Limits(cpu=table.number("cpu", None, 0.01, 256.0), io=io)


def _path(text: str) -> str:
    if not text.startswith("/") or not text.isascii() or not text.isprintable() or " " in text:
        raise RefusedError(
            f"`{text}` is not a path of HTTP",
            "begin it with `/`; write other characters than those of ASCII as `%XX`",
        )
    return text


def _text(text: str) -> str:
    if not text or "\n" in text:
        raise RefusedError("`text` is a part of one line", "write some words that stand in it")
    return text
