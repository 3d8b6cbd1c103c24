"""One task makes up ten lines, at random times, and another echoes them as they come through a
queue. With the key `--again` the lines follow from a seed, and are the same each time."""

import asyncio
import logging
from base64 import b32encode

from libos.signatures.clock import Clock
from libos.signatures.random import Random

log = logging.getLogger("echo")

Lines = asyncio.Queue[str]


async def make(lines: Lines, clock: Clock, random: Random) -> None:
    for _ in range(10):
        wait, *letters = random.generate(6)
        await clock.sleep(wait / 5000)
        await lines.put(b32encode(bytes(letters)).decode().lower())


async def echo(lines: Lines) -> None:
    for _ in range(10):
        log.info("%s", await lines.get())


async def start(clock: Clock, random: Random) -> None:
    lines = Lines()
    await asyncio.gather(make(lines, clock, random), echo(lines))
