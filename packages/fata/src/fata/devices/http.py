"""HTTP."""

from __future__ import annotations

from fata.devices.stack import socket_stack
from fata.devices.target import by_target
from fata.devices.types import HTTP, STACK
from functoria import PORT, Device, Impl, Key, Package, Stage


def http_server(stack: Impl | None = None, *, port: int = 80, group: str | None = None) -> Impl:
    """`http_server(stack)` serves an ASGI application over HTTP/1.1.

    It listens on `--port`, which is 80 in a VM unless `port` is given, and 8080 in a process,
    which seldom may have 80.
    """
    guest = _server(port, group)
    host = _server(8080 if port == 80 else port, group)
    return by_target(unix=host, guest=guest)(stack or socket_stack())


def _server(port: int, group: str | None) -> Impl:
    key = Key(
        name="port",
        converter=PORT,
        default=port,
        doc="the TCP port that HTTP is served on",
        stage=Stage.BOOT,
        group=group,
    )
    return Device(
        name="http",
        type=STACK >> HTTP,
        constructor="libos.services.http:HttpServer",
        labels=("stack",),
        keywords={"port": key},
        packages=(Package("h11>=0.16,<0.17"),),
        doc="HTTP/1.1 for an ASGI application",
    )
