"""Reads wall time and monotonic time five times, a second apart. With the key `--mock` the clock
is one that a test can foretell: the five seconds take no time at all."""

import logging
from datetime import UTC, datetime

from libos.signatures.clock import Clock

log = logging.getLogger("clock")


async def start(clock: Clock) -> None:
    began = clock.monotonic()
    for _ in range(5):
        wall = datetime.fromtimestamp(clock.now(), UTC)
        log.info("%s, %.1f s since the start", wall.isoformat(" "), clock.monotonic() - began)
        await clock.sleep(1)
