"""Notes a word each time that it starts, on a volume, and answers with all that it has noted."""

import asyncio

from libos.signatures.kv_rw import KvRw


async def start(store: KvRw, _stack: object, *, say: str) -> None:
    """Serve on port 80."""
    noted = (await store.get("notes")).decode().split() if await store.exists("notes") else []
    noted.append(say)
    await store.set("notes", " ".join(noted).encode())
    await store.flush()
    body = f"{' '.join(noted)}\n".encode()
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
