"""The driver `libvirt` on a Xen host: guests are transient domains of `xen:///system`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fata.deploy.drivers.libvirt_manager import SYSTEM, LibvirtManager
from fata.deploy.drivers.xen import Xen
from fata.deploy.drivers.xen_site import Site, ThisHost


class LibvirtXen(Xen):
    """`LibvirtXen(guests, site, uri)` is the driver for guests whose directories are in `guests`.

    `site` is the Xen host, whose libvirt `uri` leads to, and `keeper` what it is to `Xen`.
    """

    def __init__(
        self,
        guests: Path,
        site: Site | None = None,
        uri: str = SYSTEM,
        keeper: Sequence[str] = (),
    ) -> None:
        super().__init__(guests, LibvirtManager(site or ThisHost(), uri), keeper)
