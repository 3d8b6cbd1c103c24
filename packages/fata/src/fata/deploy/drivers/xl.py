"""The driver `xl`: guests are domains of Xen, by its own toolstack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fata.deploy.drivers.xen import Xen
from fata.deploy.drivers.xen_site import Site, ThisHost
from fata.deploy.drivers.xl_manager import XlManager


class Xl(Xen):
    """`Xl(guests, site)` is the driver for guests whose directories are in `guests`.

    `site` is the Xen host, and `keeper` what it is to `Xen`.
    """

    def __init__(self, guests: Path, site: Site | None = None, keeper: Sequence[str] = ()) -> None:
        super().__init__(guests, XlManager(site or ThisHost()), keeper)
