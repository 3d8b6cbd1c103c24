"""What is given to a program: how the names and sizes of disks and the like are written."""

from __future__ import annotations

import re

from fata.needs import HostPath
from functoria import SIZE, UserError
from functoria.position import here

NAME_LENGTH = 20
"""The bytes of a virtio disk's serial number, which carries its name (VIRTIO_BLK_ID_BYTES)."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def check_name(name: str, what: str) -> None:
    """Raise `UserError` at the user's line unless a host can give a `what` of that name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(
            f"`{name}` cannot be the name of a {what}",
            here(),
            "use lower-case letters, digits and `-` between them, such as `data-2`",
        )
    if len(name) > NAME_LENGTH:
        raise UserError(
            f"`{name}`, the name of a {what}, has {len(name)} bytes of {NAME_LENGTH} at most",
            here(),
            "give it a shorter name",
        )


def read_size(size: str | int, sector_size: int) -> int:
    """`read_size("64MiB", 512)` is the size in bytes, of whole sectors.

    Raises `UserError` at the user's line.
    """
    if sector_size not in (512, 4096):
        raise UserError(
            f"there are no disks with sectors of {sector_size} bytes", here(), "use 512 or 4096"
        )
    try:
        number = SIZE.parse(size) if isinstance(size, str) else size
    except ValueError as error:
        raise UserError(str(error), here(), 'write a size such as `"64MiB"`') from None
    if not isinstance(number, int) or number <= 0 or number % sector_size:
        raise UserError(
            f"`{size}` is not a number of sectors of {sector_size} bytes",
            here(),
            f"give a multiple of {sector_size}, such as `64MiB`",
        )
    return number


def in_place(path: object, instead: str) -> tuple[HostPath, ...]:
    """`in_place(path, instead)` is the need of a device that uses that path where it lies.

    There is none where the path is not known before the program starts.
    """
    return (HostPath(path, instead, here()),) if isinstance(path, str) else ()
