"""What the host of a guest has to give it: interfaces and disks, and the kernel to drive them."""

from __future__ import annotations

from typing import TypeVar

from fata.build.prepare import declared_devices
from fata.devices.target import XEN
from fata.kernel.fragments import profile_for
from fata.needs import Disk, Network
from fata.project import Project
from functoria import UserError

Given = TypeVar("Given", Network, Disk)


def networks(project: Project) -> tuple[Network, ...]:
    """`networks(p)` is the interfaces that a guest is given, in declared order.

    Raises `UserError` if two have one name.
    """
    return _distinct(project, Network, "network")


def disks(project: Project) -> tuple[Disk, ...]:
    """`disks(p)` is the disks that a guest is given, in declared order.

    Raises `UserError` if two have one name.
    """
    return _distinct(project, Disk, "disk")


def features(project: Project) -> tuple[str, ...]:
    """`features(p)` is what the kernel must be able to drive, and nothing that no device needs."""
    on_xen = project.target == XEN
    devices = (
        *((("xen-net" if on_xen else "net"),) if networks(project) else ()),
        *((("xen-block" if on_xen else "block"),) if disks(project) else ()),
    )
    return ("virtio-mmio", "virtio-pci", *devices) if devices and not on_xen else devices


def profile(project: Project) -> str:
    """`profile(p)` is the profile of the kernel that drives them."""
    return profile_for(features(project), project.target)


def _distinct(project: Project, kind: type[Given], what: str) -> tuple[Given, ...]:
    # Not by their values: two devices of one line may ask for one name, and are two.
    needs = (need for device in declared_devices(project) for need in device.needs)
    found = tuple(need for need in needs if isinstance(need, kind))
    by_name: dict[str, Given] = {}
    for need in found:
        other = by_name.setdefault(need.name, need)
        if other is not need:
            raise UserError(
                f"two devices are the {what} `{need.name}`"
                + (f", the other at {other.position}" if other.position else ""),
                need.position,
                f"make it one value and use that twice, or give one {what} another name",
            )
    return found
