"""Answers with a digest of its key, which tells nobody the key."""

import asyncio
import hashlib

from libos.signatures.kv_ro import KvRo


async def start(secrets: KvRo, _stack: object) -> None:
    """Serve on port 80."""
    body = hashlib.sha256(await secrets.get("signing-key")).hexdigest().encode() + b"\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode() + body)
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "0.0.0.0", 80, backlog=512)
    print("listening on port 80", flush=True)
    async with server:
        await server.serve_forever()
