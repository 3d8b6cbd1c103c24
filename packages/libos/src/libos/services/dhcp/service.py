"""The sockets of the server: broadcasts in and out on one interface."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from typing import TYPE_CHECKING

from libos.net.dhcp.message import (
    CLIENT_PORT,
    SERVER_PORT,
    MalformedMessageError,
    MessageTooLongError,
    parse,
    render,
)
from libos.services.dhcp.server import Server

if TYPE_CHECKING:
    from libos.services.dhcp.subnet import Subnet

_log = logging.getLogger("dhcp")


async def serve(subnet: Subnet, *, interface: str = "eth0") -> None:
    """Answer the DHCP clients on `interface`, which has the server's address, until cancelled.

    Raises `OSError` if the port cannot be had, or the interface is not there.
    """
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Protocol(Server(subnet, _log.info)), sock=_socket(interface)
    )
    _log.info("serving on %s", interface)
    try:
        await loop.create_future()  # until cancelled
    finally:
        transport.close()


def _socket(interface: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        opened.setblocking(False)
        opened.bind(("", SERVER_PORT))
    except OSError:
        opened.close()
        raise
    return opened


class _Protocol(asyncio.DatagramProtocol):
    """A datagram, parsed, and the answer to it, rendered; what makes no sense is dropped."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        try:
            answer = self._server.answer(parse(data), time.monotonic())
            if answer is not None:
                message, destination = answer
                self._transport.sendto(render(message), (destination, CLIENT_PORT))
        except (MalformedMessageError, MessageTooLongError) as error:
            _log.debug("dropped a message from %s: %s", address[0], error)

    def error_received(self, error: Exception) -> None:
        _log.warning("an answer could not be sent: %s", error)
