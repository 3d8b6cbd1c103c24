"""The TCP stack as a service sees it: asyncio's own interface, whoever implements it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Stack(Protocol):
    """A TCP/IP stack whose connections speak asyncio's transport and protocol interface.

    It is met by the kernel's sockets (`loop.create_server`) and by a stack of our own alike.
    A service relies on no more than what is said here:

    * `protocol_factory` is called once for each accepted connection, in the event loop's thread,
      and its protocol gets `connection_made(transport)` first and `connection_lost(exc)` last;
    * the transport is an `asyncio.Transport`: `write`, `close`, `abort`, `is_closing`,
      `pause_reading`, `resume_reading`, `set_write_buffer_limits`; it calls the protocol's
      `pause_writing` and `resume_writing` as its buffer crosses those limits;
    * `get_extra_info("peername")` and `("sockname")` are tuples that start with the address as
      text and the port as a number;
    * what is written leaves at once: Nagle's algorithm is off (TCP_NODELAY).
    """

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], port: int
    ) -> asyncio.AbstractServer:
        """`create_server(protocol_factory, port)` is a server that already accepts connections.

        It listens on every address of the stack; `port` 0 means any free port. Its `close()`
        stops accepting and leaves connections that are open alone; `wait_closed()` may wait for
        those to end. `OSError` is raised if the port is taken.
        """
        ...
