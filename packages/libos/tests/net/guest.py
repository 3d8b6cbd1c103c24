"""A guest: a `SocketStack` under the orders of its standard input, an answer in JSON to each.

`state` tells address, lease and the host name; `connect HOST PORT` what a peer says first; the
end of the input stops the stack. Port 7 answers every connection with the peer's address.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from typing import Any

from libos.net.error import NetworkError
from libos.net.socket_stack import SocketStack


class Greeting(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(transport.get_extra_info("peername")[0].encode() + b"\n")
        transport.close()


async def obey(stack: SocketStack, order: list[str]) -> dict[str, Any]:
    if order[0] == "connect":
        reader, writer = await stack.connect(order[1], int(order[2]))
        line = await reader.readline()
        writer.close()
        return {"said": line.decode().strip()}
    lease = stack.lease
    fields = {} if lease is None else {name: getattr(lease, name) for name in lease.__slots__}
    return {
        "address": stack.address,
        "hostname": socket.gethostname(),
        "lease": {name: value for name, value in fields.items() if name != "routes"},
    }


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    options = json.loads(sys.argv[1])
    socket.sethostname(options.pop("named", "(none)"))  # which is how Linux begins
    stack = SocketStack(**options)
    try:
        await stack.start()
    except NetworkError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    await stack.create_server(Greeting, 7)
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    line = b"state"
    while line:
        print(json.dumps(await obey(stack, line.decode().split())), flush=True)
        line = await orders.readline()
    await stack.stop()


asyncio.run(main())
