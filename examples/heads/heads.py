"""Two tasks that sleep for one and for two tenths of a second, and then say heads and tails; the
program goes on when both have. Once as a `TaskGroup`, which ends both if one fails, and once with
`gather`, which also gives their results."""

import asyncio
import logging

from libos.signatures.clock import Clock

log = logging.getLogger("heads")


async def say(clock: Clock, seconds: float, word: str) -> str:
    await clock.sleep(seconds)
    log.info("%s", word)
    return word


async def by_group(clock: Clock) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(say(clock, 0.2, "tails"))
        group.create_task(say(clock, 0.1, "heads"))
    log.info("finished")


async def by_gather(clock: Clock) -> None:
    words = await asyncio.gather(say(clock, 0.2, "tails"), say(clock, 0.1, "heads"))
    log.info("finished with %s", " and ".join(words))
