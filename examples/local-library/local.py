"""A program that uses a library of its own repository: a package beside it is found, and only
what is imported of it is in the image."""

import logging

from greetings import in_french

log = logging.getLogger("local")


async def start() -> None:
    log.info("%s", in_french("world"))
