"""The stack on the unix target: the host's own network, nothing configured."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from libos.boot.outcome import BAD_ARGUMENT, Outcome
from libos.net.socket_stack import SocketStack

if TYPE_CHECKING:
    from pathlib import Path

    from libos.signatures.stack import Stack


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        transport.write(f"hello {peer[0]}\n".encode())

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


def test_it_meets_the_signature() -> None:
    stack: Stack = SocketStack(manage=False)
    assert stack is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_server_listens_on_every_address_and_a_free_port(host: str) -> None:
    async def scenario() -> list[bytes]:
        stack = SocketStack(manage=False)
        await stack.start()
        server = await stack.create_server(Echo, 0)
        port = server.sockets[0].getsockname()[1]
        assert {sock.getsockname()[1] for sock in server.sockets} == {port}
        reader, writer = await stack.connect(host, port)
        lines = [await reader.readline()]
        writer.write(b"ping\n")
        lines.append(await reader.readline())
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        await stack.stop()
        return lines

    assert asyncio.run(scenario()) == [f"hello {host}\n".encode(), b"ping\n"]


def test_a_taken_port_is_an_os_error() -> None:
    async def scenario() -> None:
        with socket.create_server(("", 0)) as taken:
            await SocketStack(manage=False).create_server(Echo, taken.getsockname()[1])

    with pytest.raises(OSError, match="address already in use"):
        asyncio.run(scenario())


def test_without_management_nothing_is_checked_changed_or_written(tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    stack = SocketStack(ipv4="nonsense", manage=False, resolv_conf=str(resolv_conf))
    asyncio.run(stack.start())
    assert not resolv_conf.exists()
    assert (stack.address, stack.lease) == (None, None)


def test_bad_arguments_are_refused_before_anything_is_changed() -> None:
    stack = SocketStack(interface="absent0", ipv4="10.0.0.2/24", ipv4_gateway="10.9.9.1")
    with pytest.raises(Outcome, match=r"10\.9\.9\.1.*outside of the subnet") as raised:
        asyncio.run(stack.start())
    assert raised.value.code == BAD_ARGUMENT
    assert raised.value.__cause__ is None


def test_a_bad_argument_is_called_as_it_was_given() -> None:
    stack = SocketStack(interface="absent0", ipv4="10.0.0.300/8", group="front")
    with pytest.raises(Outcome) as raised:
        asyncio.run(stack.start())
    assert raised.value.reason == (
        "boot argument `--front-ipv4=10.0.0.300/8`: `10.0.0.300` is not an IP address; write an "
        "IPv4 address with its prefix length, such as `--front-ipv4=10.0.0.2/24`"
    )
