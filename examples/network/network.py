"""A TCP listener on the stack that it is given, whichever that is: what a peer sends is logged."""

import asyncio
import logging

from libos.signatures.stack import Stack

log = logging.getLogger("network")


class Listener(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.peer = transport.get_extra_info("peername")[0]
        log.info("new connection from %s", self.peer)

    def data_received(self, data: bytes) -> None:
        log.info("read %d bytes: %r", len(data), data[:40])

    def connection_lost(self, error: Exception | None) -> None:
        log.info("closing connection from %s", self.peer)


async def start(stack: Stack, *, port: int) -> None:
    await stack.create_server(Listener, port)
    log.info("listening on port %d", port)
    await asyncio.Event().wait()
