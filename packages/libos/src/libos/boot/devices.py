"""Which of the machine's devices is which: the disks and interfaces that a host gives by name.

Nothing goes by the order in which a kernel happens to find devices. A disk carries its name as
its serial number (virtio, `serial=`). A host says the addresses of interfaces in words of the
kernel's command line, `fata.nic=NAME,MAC`; `fata.nics=NAME,NAME` are the names that the image was
built with, in the order declared.

On Xen devices have numbers, which are the last part of their names in XenStore. `fata.disk=NAME,N`
says which number a disk has (xen-vbd-interface(7)); the interface declared first is vif 0.
"""

from __future__ import annotations

import os

COMMAND_LINE = "/proc/cmdline"
BLOCK = "/sys/block"
NET = "/sys/class/net"


def disks(directory: str = BLOCK, command_line: str = COMMAND_LINE) -> dict[str, str]:
    """`disks(directory)` is the kernel's name of each disk by the name that its host gave it.

    Two disks of one name are none: neither can be told from the other.
    """
    numbers = _numbered_disks(command_line)
    found: dict[str, str] = {}
    twice = set()
    for disk in sorted(os.listdir(directory)):
        number = _xen_number(f"{directory}/{disk}/device", "vbd") if numbers else None
        name = numbers.get(number, "") if number else _read(f"{directory}/{disk}/serial")
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


def interfaces_by_vif(directory: str = NET) -> dict[str, str]:
    """`interfaces_by_vif(directory)` is the kernel's names by the numbers of vifs, such as `"0"`.

    It is empty for a guest that is not on Xen, and for one that has none yet.
    """
    names = os.listdir(directory)
    numbers = ((_xen_number(f"{directory}/{name}/device", "vif"), name) for name in names)
    return {number: name for number, name in numbers if number}


def _numbered_disks(path: str) -> dict[str, str]:
    pairs = (value.rpartition(",") for value in _words(path, "fata.disk="))
    return {number: name for name, _, number in pairs}


def _xen_number(device: str, kind: str) -> str | None:
    """The number of a device, by its node in XenStore, such as `device/vbd/51712`."""
    before, _, number = _read(f"{device}/nodename").rpartition("/")
    return number if before == f"device/{kind}" else None


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
