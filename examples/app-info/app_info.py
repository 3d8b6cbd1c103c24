"""Logs what it is made of: the kernel, Python, and the packages that it was given.

A package is in the image if the program imports it, and its metadata if the program asks for any.
"""

import logging
import platform
from importlib.metadata import distributions

import h11
import idna

log = logging.getLogger("app-info")


async def start() -> None:
    log.info("kernel %s", platform.release())
    log.info("python %s", platform.python_version())
    for package in sorted(distributions(), key=lambda package: package.name):
        log.info("%s %s", package.name, package.version)
    log.info("imported: %s and %s", h11.__name__, idna.__name__)
