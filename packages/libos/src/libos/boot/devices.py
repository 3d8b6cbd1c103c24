"""Which of the machine's devices is which: the disks and interfaces that a host gives by name.

Nothing goes by the order in which a kernel happens to find devices. A disk carries its name as
its serial number (virtio, `serial=`). A host says the addresses of interfaces in words of the
kernel's command line, `fata.nic=NAME,MAC`; `fata.nics=NAME,NAME` are the names that the image was
built with, in the order declared.
"""

from __future__ import annotations

import os

COMMAND_LINE = "/proc/cmdline"
BLOCK = "/sys/block"
NET = "/sys/class/net"


def disks(directory: str = BLOCK) -> dict[str, str]:
    """`disks(directory)` is the kernel's name of each disk by the name that its host gave it.

    Two disks of one name are none: neither can be told from the other.
    """
    found: dict[str, str] = {}
    twice = set()
    for disk in sorted(os.listdir(directory)):
        name = _read(f"{directory}/{disk}/serial")
        if name in found:
            twice.add(name)
        if name:
            found[name] = disk
    return {name: disk for name, disk in found.items() if name not in twice}


def told_interfaces(path: str = COMMAND_LINE) -> dict[str, bytes]:
    """`told_interfaces(path)` is the hardware address of each interface that the host names."""
    found = {}
    for value in _words(path, "fata.nic="):
        name, _, address = value.partition(",")
        try:
            found[name] = bytes.fromhex(address.replace(":", ""))
        except ValueError:
            continue
    return found


def declared_interfaces(path: str = COMMAND_LINE) -> tuple[str, ...]:
    """`declared_interfaces(path)` is the names in the order declared; `()` for one or none."""
    return tuple(name for value in _words(path, "fata.nics=") for name in value.split(","))


def interfaces_by_bus(directory: str = NET) -> tuple[str, ...]:
    """`interfaces_by_bus(directory)` is the kernel's names in the order of their places on buses.

    Interfaces that are no devices, such as loopback, are left out.
    """
    places = []
    for name in os.listdir(directory):
        device = f"{directory}/{name}/device"
        if os.path.exists(device):
            place = os.path.dirname(os.path.realpath(device))
            places.append((len(place), place, name))  # `virtio-mmio.10` after `virtio-mmio.2`
    return tuple(name for _, _, name in sorted(places))


def _words(path: str, prefix: str) -> list[str]:
    with open(path) as file:
        return [
            word.removeprefix(prefix) for word in file.read().split() if word.startswith(prefix)
        ]


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().rstrip(b"\0\n").decode("ascii", "replace")
    except OSError:
        return ""
