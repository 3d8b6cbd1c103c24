"""TAP devices of guests, which exist for as long as a process holds them.

They are made by their descriptor (Linux, `Documentation/networking/tuntap.rst`) and not kept by
the kernel beyond it: whatever is killed, no interface is left behind.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import struct
from pathlib import Path

from fata.called import called
from functoria.error import UserError

DEVICE = Path("/dev/net/tun")

_TUNSETIFF = 0x400454CA
_FLAGS = 0x0002 | 0x1000 | 0x4000  # IFF_TAP, IFF_NO_PI, IFF_VNET_HDR
_ALIAS_LENGTH = 60


def tap_name(directory: Path, number: int) -> str:
    """`tap_name(directory, number)` is the interface for a guest's vif of that number."""
    return "f" + hashlib.sha256(os.fsencode(directory)).hexdigest()[:11] + f"{number:02x}"


def open_tap(directory: Path, number: int, bridge: str) -> int:
    """`open_tap(directory, number, bridge)` is a descriptor of a new TAP device on the bridge.

    Its alias, which `ip link` shows, says whose it is. Raises `UserError`.
    """
    name = tap_name(directory, number)
    descriptor = -1
    try:
        descriptor = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _FLAGS))
        _ip("link", "set", name, "alias", f"fata:{directory}"[:_ALIAS_LENGTH])
        _ip("link", "set", name, "master", bridge)
        _ip("link", "set", name, "up")
    except (OSError, UserError) as error:
        if descriptor >= 0:
            os.close(descriptor)
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"the guest cannot be joined to the bridge `{bridge}`: {error.strerror or error}",
            f"the interface {name}",
            "see with `ip link show type bridge` that the bridge is there; `fata host setup` "
            "makes it",
        ) from error
    return descriptor


def is_bridge(name: str) -> bool:
    """`is_bridge(name)` tells whether the host has a bridge of that name."""
    try:
        return bool(_ip("link", "show", "dev", name, "type", "bridge").strip(" []\n"))
    except OSError:
        return False


def traffic(directory: Path, number: int) -> tuple[int, int] | None:
    """`traffic(directory, number)` is the bytes that the guest received and sent on a vif."""
    try:
        (link,) = json.loads(_ip("-s", "link", "show", "dev", tap_name(directory, number)))
        counters = link["stats64"]
        # What leaves the host's end is what the guest receives.
        return int(counters["tx"]["bytes"]), int(counters["rx"]["bytes"])
    except (OSError, UserError, ValueError, KeyError, TypeError):
        return None


def _ip(*words: str) -> str:
    done = called(("ip", "-j", *words))
    if done.code:
        said = done.err.decode(errors="replace").strip()[:200]
        raise OSError(0, said or f"ip failed with {done.code}")
    return done.out.decode(errors="replace")
