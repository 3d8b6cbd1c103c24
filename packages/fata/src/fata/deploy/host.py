"""A host as its agent sees it: where its things are, and what acts on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.admission import Admission
from fata.deploy.drivers.driver import Driver
from fata.deploy.network import Subnet
from fata.deploy.records.records import Records
from fata.deploy.secrets.place import Place
from fata.deploy.secrets.vault import Vault
from fata.deploy.store.blobs import Blobs
from fata.deploy.traffic.traffic import Traffic
from fata.qemu.accelerator import Preference

Report = Callable[[str], None]


def _nothing(_step: str) -> None:
    """What happens between steps, where nobody looks."""


@dataclass(frozen=True, slots=True)
class Host:
    """`Host(root, driver, ...)` is all that a command on a host acts on.

    `bridge` and `subnet` are where guests are joined to a network; without them each is on a
    user-mode network of its own. `xen` says that guests are Xen's; others run under KVM as
    `preference` says. `passing` is told the name of each step of a change before it is taken.
    """

    root: Path
    driver: Driver
    records: Records
    blobs: Blobs
    admission: Admission
    vault: Vault
    secrets: Place
    traffic: Traffic
    bridge: str | None = None
    subnet: Subnet | None = None
    xen: bool = False
    preference: Preference = Preference.AUTO
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    passing: Callable[[str], None] = _nothing

    @property
    def guests(self) -> Path:
        """Where each guest has its directory."""
        return self.root / "guests"
