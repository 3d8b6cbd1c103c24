"""A job takes up to half a second and is given a quarter of one. Once with tasks, of which the
first that is done wins and the other is cancelled, on the clock of the program, which may be one
that does not wait; and once in a block of asyncio's own, on the machine's clock."""

import asyncio
import logging

from libos.signatures.clock import Clock
from libos.signatures.random import Random

log = logging.getLogger("timeout")
LIMIT = 0.25


async def work(clock: Clock, random: Random) -> str:
    seconds = random.generate(1)[0] / 512
    log.info("this takes %.3f s, of %.3f s at most", seconds, LIMIT)
    await clock.sleep(seconds)
    return "done"


async def by_tasks(clock: Clock, random: Random) -> None:
    job = asyncio.create_task(work(clock, random))
    limit = asyncio.create_task(clock.sleep(LIMIT))
    done, others = await asyncio.wait({job, limit}, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    log.info("%s", job.result() if job in done else "cancelled")


async def by_block(clock: Clock, random: Random) -> None:
    try:
        async with asyncio.timeout(LIMIT):
            log.info("%s", await work(clock, random))
    except TimeoutError:
        log.info("cancelled")
