"""A guest that does what it is told, well or badly, for the tests of what runs guests."""

import asyncio
import os
import signal

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER)
    await writer.drain()
    writer.close()


async def serve() -> None:
    server = await asyncio.start_server(answer, "0.0.0.0", 80)
    print("listening on port 80", flush=True)
    async with server:
        await server.serve_forever()


def flood(kibibytes: int) -> None:
    for number in range(kibibytes * 16):
        print(f"line {number:08d} " + "." * 49)
    print("the flood is over", flush=True)


def hostile() -> None:
    """What a console should not pass on: titles, colours, no UTF-8, a line without an end."""
    os.write(1, b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m\xff\xfe\x00\x9b31m bell\x07\n")
    for _ in range(256):
        os.write(1, b"x" * 1024)
    os.write(1, b"\nafter the long line\n")


def spin() -> None:
    print("spinning", flush=True)
    while True:
        pass


async def count() -> None:
    number = 0
    while True:
        number += 1
        print(f"count {number}", flush=True)
        await asyncio.sleep(0.2)


def eat() -> None:
    print("eating", flush=True)
    eaten = []
    while True:
        eaten.append(b"\x01" * (1 << 20))


async def main(do: str, number: int) -> None:
    if do == "serve":
        await serve()
    elif do == "exit":
        raise SystemExit(number)
    elif do == "throw":
        raise RuntimeError("thrown on purpose")
    elif do == "flood":
        flood(number)
    elif do == "hostile":
        hostile()
    elif do == "spin":
        spin()
    elif do == "count":
        await count()
    elif do == "eat":
        eat()
    elif do == "deaf":
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("deaf", flush=True)
        await asyncio.Event().wait()
