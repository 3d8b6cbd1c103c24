"""Sockets that keep to one interface (socket(7), SO_BINDTODEVICE), for programs with several."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class BoundServer(asyncio.AbstractServer):
    """`BoundServer(servers)` is several servers of one protocol and port, as one."""

    def __init__(self, servers: tuple[asyncio.Server, ...]) -> None:
        self._servers = servers

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """`sockets` is what all of them listen on."""
        return tuple(sock for server in self._servers for sock in server.sockets)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """`get_loop()` is the event loop that accepts connections."""
        return self._servers[0].get_loop()

    def is_serving(self) -> bool:
        """`is_serving()` is whether connections are accepted."""
        return all(server.is_serving() for server in self._servers)

    async def start_serving(self) -> None:
        """They accept connections from the beginning."""

    async def serve_forever(self) -> None:
        """Serve until cancelled."""
        await asyncio.gather(*(server.serve_forever() for server in self._servers))

    def close(self) -> None:
        """Stop accepting; connections that are open are left alone."""
        for server in self._servers:
            server.close()

    async def wait_closed(self) -> None:
        """Wait as `asyncio.Server.wait_closed` does, for each."""
        for server in self._servers:
            await server.wait_closed()


async def create_server(
    loop: asyncio.AbstractEventLoop,
    protocol_factory: Callable[[], asyncio.BaseProtocol],
    port: int,
    interface: str,
    backlog: int,
) -> BoundServer:
    """`create_server(...)` is a server on all addresses of `interface`, and on no other's.

    Raises `OSError` if the port is taken there.
    """
    servers: list[asyncio.Server] = []
    try:
        for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
            sock = _listening(family, host, port, interface)
            if sock is None:
                continue
            port = sock.getsockname()[1]
            servers.append(await loop.create_server(protocol_factory, sock=sock, backlog=backlog))
    except BaseException:
        BoundServer(tuple(servers)).close()
        raise
    return BoundServer(tuple(servers))


def _listening(family: int, host: str, port: int, interface: str) -> socket.socket | None:
    """A socket that is bound to the interface; None where the kernel has no such family."""
    try:
        sock = socket.socket(family)
    except OSError:
        return None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _bind_to(sock, interface)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_to(sock: socket.socket, interface: str) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")


async def connect(
    loop: asyncio.AbstractEventLoop, host: str, port: int, interface: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """`connect(loop, host, port, interface)` is a pair of streams to a peer, by that interface.

    The addresses of `host` are tried in turn; raises the `OSError` of the last one.
    """
    failure: OSError | None = None
    for family, kind, number, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, number)
        try:
            sock.setblocking(False)
            _bind_to(sock, interface)
            await loop.sock_connect(sock, address)
            return await asyncio.open_connection(sock=sock)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure or OSError(f"{host} has no address")
