"""Domains as Xen's own toolstack makes them."""

from __future__ import annotations

from pathlib import Path

from fata.deploy.drivers.processes import XL_KEEPER
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.drivers.xen_domain import XL, domain
from fata.deploy.drivers.xen_site import Site
from fata.xen.toolstack import Toolstack


class XlManager:
    """`XlManager(site)` is the toolstack `xl` there. See `Manager`."""

    name = word = XL
    label = XL_KEEPER
    description = "guest.xl"

    def __init__(self, site: Site) -> None:
        self.site = site

    def check(self, spec: GuestSpec) -> None:
        """It can make whatever Xen can."""

    def describe(self, spec: GuestSpec) -> str:
        """See `Manager.describe`: xl.cfg(5)."""
        return domain(spec, self.name, self.site.path).render()

    def create(self, spec: GuestSpec) -> None:
        """See `Manager.create`."""
        file = self.site.path(spec.directory / self.description)
        self._toolstack.create(file, paused=True)

    def resume(self, spec: GuestSpec) -> None:
        """See `Manager.resume`."""
        self._toolstack.unpause(spec.name)

    def shutdown(self, spec: GuestSpec) -> None:
        """See `Manager.shutdown`."""
        self._toolstack.shutdown(spec.name)

    def destroy(self, directory: Path, number: int | None) -> None:
        """See `Manager.destroy`."""
        del directory
        if number is not None:
            self._toolstack.destroy(str(number))

    def holds(self, directory: Path) -> bool:
        """It keeps no list of its own."""
        del directory
        return False

    @property
    def _toolstack(self) -> Toolstack:
        return Toolstack(self.site.runner)
