"""The user that a guest's QEMU runs as where we are root: nobody else, and no other guest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_FIRST = 0x7FA0_0000
_NOBODY = 65534


def guest_user(directory: Path, uid_map: Path = Path("/proc/self/uid_map")) -> int | None:
    """`guest_user(directory)` is the number of that user and of its group; `None` without root.

    It has no name and owns no file. Guests have different ones, so that a QEMU which was taken over
    can neither signal nor trace another. In a container that lacks such high numbers it is nobody.
    """
    if os.geteuid() != 0:
        return None
    digest = hashlib.sha256(os.fsencode(directory)).digest()
    user = _FIRST + int.from_bytes(digest[:2])
    return user if _mapped(user, uid_map) else _NOBODY


def kvm_groups(device: Path = Path("/dev/kvm")) -> tuple[int, ...]:
    """`kvm_groups()` is the group that may open the device; none where it takes root."""
    try:
        status = device.stat()
    except OSError:
        return ()
    return (status.st_gid,) if status.st_mode & 0o060 == 0o060 and status.st_gid else ()


def _mapped(user: int, uid_map: Path) -> bool:
    try:
        rows = [[int(word) for word in line.split()] for line in uid_map.read_text().splitlines()]
        return any(first <= user < first + count for first, _, count in rows)
    except (OSError, ValueError):
        return False
