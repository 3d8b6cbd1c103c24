"""A server that says its name: `server.py NAME ADDRESS PORT`, by TCP and UDP.

To each line it answers NAME and the line. It goes on until the other side has ended.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast


async def serve(name: bytes, address: str, port: int) -> None:
    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(name + b" " + line)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.DatagramTransport, transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(name + b" " + data, addr)

    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(attend, address, port, backlog=1024)
    await loop.create_datagram_endpoint(Datagrams, local_addr=(address, port))
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(serve(sys.argv[1].encode(), sys.argv[2], int(sys.argv[3])))
