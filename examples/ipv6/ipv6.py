"""An echo over IPv6 alone. Boot it with `--ipv4=none`, and with `--ipv6=fd00::2/64` where no router
tells it an address. That it answers pings, too, is the kernel's doing."""

import asyncio
import logging

log = logging.getLogger("ipv6")


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    log.info("connection from %s", writer.get_extra_info("peername")[0])
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(echo, "::", port)
    log.info("listening on port %d", port)
    await server.serve_forever()
