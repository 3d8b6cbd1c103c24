"""Sockets that keep to one interface; here it is the loopback interface."""

from __future__ import annotations

import asyncio

import pytest

from libos.net.bound import connect, create_server


class Hello(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(transport.get_extra_info("peername")[0].encode())
        transport.close()


def test_a_server_of_an_interface_answers_on_both_protocols_and_one_port() -> None:
    async def main() -> list[bytes]:
        loop = asyncio.get_running_loop()
        server = await create_server(loop, Hello, 0, "lo", 10)
        assert server.is_serving()
        ports = {sock.getsockname()[1] for sock in server.sockets}
        (port,) = ports
        said = []
        for host in ("127.0.0.1", "::1"):
            reader, writer = await connect(loop, host, port, "lo")
            said.append(await reader.read())
            writer.close()
            await writer.wait_closed()
        server.close()
        await server.wait_closed()
        assert not server.is_serving()
        with pytest.raises(ConnectionRefusedError):
            await connect(loop, "127.0.0.1", port, "lo")
        return said

    assert asyncio.run(main()) == [b"127.0.0.1", b"::1"]


def test_a_taken_port_is_an_os_error() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await create_server(loop, Hello, 0, "lo", 10)
        port = server.sockets[0].getsockname()[1]
        try:
            with pytest.raises(OSError, match="in use"):
                await create_server(loop, Hello, port, "lo", 10)
        finally:
            server.close()
            await server.wait_closed()

    asyncio.run(main())


def test_an_interface_that_is_not_there_is_an_os_error() -> None:
    async def main() -> None:
        with pytest.raises(OSError, match="No such device"):
            await create_server(asyncio.get_running_loop(), Hello, 0, "absent0", 10)

    asyncio.run(main())
