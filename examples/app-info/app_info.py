"""Prints what it is made of: the kernel, Python, and the packages that it was given.

A package is in the image if the program imports it, and its metadata if the program asks for any.
"""

import platform
from importlib.metadata import distributions

import h11
import idna


async def start() -> None:
    print("kernel", platform.release())
    print("python", platform.python_version())
    for package in sorted(distributions(), key=lambda package: package.name):
        print(package.name, package.version)
    print("imported:", h11.__name__, "and", idna.__name__)
