"""Fetches a page over HTTP and prints its status, headers and length. A name in the address is
looked up by the name servers that the network, or `--dns`, tells of."""

import asyncio
import logging
from urllib.parse import urlsplit

log = logging.getLogger("fetch")


async def main(uri: str) -> None:
    where = urlsplit(uri)
    if where.scheme != "http" or not where.hostname:
        raise SystemExit(f"{uri} is not an address that begins with http://")
    reader, writer = await asyncio.open_connection(where.hostname, where.port or 80)
    path = (where.path or "/") + (f"?{where.query}" if where.query else "")
    writer.write(f"GET {path} HTTP/1.0\r\nHost: {where.netloc}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.decode("latin-1").splitlines():
        log.info("%s", line)
    log.info("received %d bytes", len(body))
