"""What comes in goes out again: plain asyncio, with nothing of fata in it."""

import asyncio
import logging

log = logging.getLogger("echo")


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    peer, *_ = writer.get_extra_info("peername")
    log.info("connection from %s", peer)
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError as error:
        log.info("connection from %s was lost: %s", peer, error)
    finally:
        writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(echo, "0.0.0.0", port)  # noqa: S104
    log.info("listening on port %d", port)
    async with server:
        await server.serve_forever()
