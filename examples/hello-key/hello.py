"""Says four times what it is told when it boots, with `--hello=...`."""

import logging

from libos.signatures.clock import Clock

log = logging.getLogger("hello")


async def start(clock: Clock, *, hello: str) -> None:
    for _ in range(4):
        log.info("%s", hello)
        await clock.sleep(0.1)
