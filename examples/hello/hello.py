"""Four lines in the log, then the end."""

import logging

from libos.signatures.clock import Clock

log = logging.getLogger("hello")


async def start(clock: Clock) -> None:
    for count in range(1, 5):
        log.info("hello %d of 4", count)
        await clock.sleep(0.25)
