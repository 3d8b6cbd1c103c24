"""Several jobs: one after another, with a pause between, and then two at once.

The name of the run stands in each line of the log; `--name` gives another one.
"""

import asyncio
import logging

log = logging.getLogger("garden")


async def sow(random):
    log.info("sown in row %d", random.generate(1)[0] % 10)


async def water():
    for can in (1, 2):
        log.info("can %d", can)
        await asyncio.sleep(0)


async def weed():
    for bed in (1, 2):
        log.info("bed %d", bed)
        await asyncio.sleep(0)
