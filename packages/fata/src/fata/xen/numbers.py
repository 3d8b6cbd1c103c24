"""The numbers by which a guest of Xen knows its devices.

They are given in declared order, and are written into the configuration of the guest and into
its kernel's command line from here, so that the two cannot disagree. A disk is a virtual block
device (xen-vbd-interface(7)); an interface is known by its place in `vif` (xl.cfg(5)).
"""

from __future__ import annotations

from collections.abc import Sequence

from xlcfg.specs import vdev


def disk_name(number: int) -> str:
    """`disk_name(0)` is `xvda`: what the disk with that number, in declared order, has to be."""
    return vdev.name(number)


def disk_words(names: Sequence[str]) -> tuple[str, ...]:
    """`disk_words(["data"])` tells the guest which number each of its disks has."""
    return tuple(
        f"fata.disk={name},{vdev.number(disk_name(number))}" for number, name in enumerate(names)
    )
