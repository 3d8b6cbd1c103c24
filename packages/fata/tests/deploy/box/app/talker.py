"""A program that answers with a word, well or badly."""

import asyncio
import threading
import time


def flood() -> None:
    """Write on the console, without end and with all that a terminal would obey."""
    while True:
        print("\x1b[2J\x07 flooded " * 40, flush=True)
        time.sleep(0.001)


async def main(say: str, do: str) -> None:
    """Serve on port 80."""
    status = "500 Internal Server Error" if do == "fail" else "200 OK"
    body = f"{say}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode() + body)
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    if do == "die":
        raise SystemExit(3)
    if do == "sleep":
        await asyncio.Event().wait()
    if do == "eat":
        eaten = []
        while True:
            eaten.append(b"\x01" * (1 << 20))
    if do == "flood":
        threading.Thread(target=flood, daemon=True).start()
    server = await asyncio.start_server(answer, "0.0.0.0", 80, backlog=512)
    print("listening on port 80", flush=True)
    async with server:
        await server.serve_forever()
