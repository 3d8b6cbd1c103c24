"""Finding the processes of guests among all of this machine's, by what they were started as.

The label is an argument that only we give: the directory of the guest. So a guest is found even
where everything that was written down of it is lost.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.drivers.user import guest_user
from fata.identity import Identity, identify

KEEPER = "fata.deploy.drivers.keeper:"
"""Before the directory, in the arguments of a keeper."""
LIBVIRT_KEEPER = "fata.deploy.drivers.libvirt_keeper:"
"""The same of a keeper below libvirt."""
XL_KEEPER = "fata.deploy.drivers.xl_keeper:"
"""The same of a keeper on Xen."""
LIBVIRT_XEN_KEEPER = "fata.deploy.drivers.libvirt_xen_keeper:"
"""The same of a keeper below libvirt on Xen."""
HYPERVISOR = "fata-guest:"
"""Before the directory, in the arguments of QEMU."""


@dataclass(frozen=True, slots=True)
class Processes:
    """`Processes(keeper, hypervisor)` is what runs of a guest; either may be gone."""

    keeper: Identity | None = None
    hypervisor: Identity | None = None

    @property
    def any(self) -> bool:
        """Whether something runs."""
        return self.keeper is not None or self.hypervisor is not None


def scan(guests: Path, keeper: str = KEEPER, proc: Path = Path("/proc")) -> dict[str, Processes]:
    """`scan(guests, keeper)` is the processes of the guests whose directories are in `guests`.

    `keeper` is the label of the keepers that count.
    """
    found: dict[str, Processes] = {}
    for entry, words in _labelled(proc, keeper):
        for label in (keeper, HYPERVISOR):
            name = _name(entry, words, label, guests)
            identity = None if name is None else identify(int(entry.name))
            if name is None or identity is None:
                continue
            old = found.get(name, Processes())
            if label == keeper:
                found[name] = Processes(identity, old.hypervisor)
            else:
                found[name] = Processes(old.keeper, identity)
    return dict(sorted(found.items()))


def find(directory: Path, keeper: str = KEEPER) -> Processes:
    """`find(directory, keeper)` is the processes of one guest."""
    return scan(directory.parent, keeper).get(directory.name, Processes())


def anything(directory: Path) -> bool:
    """`anything(directory)` tells whether something runs of that guest, below whatever driver."""
    return any(find(directory, keeper).any for keeper in (KEEPER, LIBVIRT_KEEPER))


def started_at(identity: Identity) -> float:
    """`started_at(identity)` is when the process began, in seconds since 1970."""
    ticks = os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + identity.start / ticks


def _name(entry: Path, words: list[str], label: str, guests: Path) -> str | None:
    """The guest that a process is of, if it has the label and is of a user who may give it."""
    # QEMU's own options have their commas doubled.
    directory = next(
        (Path(w.removeprefix(label).replace(",,", ",")) for w in words if w.startswith(label)), None
    )
    if directory is None or directory.parent != guests:
        return None
    may = {os.geteuid()}
    if label == HYPERVISOR and (user := guest_user(directory)) is not None:
        may.add(user)
    with contextlib.suppress(OSError):
        return directory.name if entry.stat().st_uid in may else None
    return None


def _labelled(proc: Path, keeper: str) -> Iterator[tuple[Path, list[str]]]:
    for entry in sorted(proc.iterdir()):
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            data = (entry / "cmdline").read_bytes()
            if keeper.encode() in data or HYPERVISOR.encode() in data:
                yield entry, data.decode(errors="surrogateescape").split("\0")
