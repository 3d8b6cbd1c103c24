"""Domains of Xen as libvirt makes them: those of `xen:///system`.

libvirt is told what to do, and Xen asked what is: its driver for Xen does not count what guests use
(virConnectGetAllDomainStats), and Xen knows of domains even where libvirt's daemon does not run.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path

from fata.deploy.drivers import check
from fata.deploy.drivers.processes import LIBVIRT_XEN_KEEPER
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.drivers.virsh import Virsh, VirshError
from fata.deploy.drivers.xen_domain import cap, domain, identity
from fata.deploy.drivers.xen_site import Site
from fata.xen.toolstack import Toolstack
from functoria.error import UserError
from xlcfg import to_libvirt

SYSTEM = "xen:///system"
_LIMIT = 300.0  # seconds that Xen's scripts may take where a busy machine emulates it
_LAST = 20.0  # seconds that libvirt has to notice that a domain is gone
_MOMENT = 0.2
_LOG = "/var/log/libvirt/libxl/libxl-driver.log"


class LibvirtManager:
    """`LibvirtManager(site, uri)` is the libvirt there, which `uri` leads to. See `Manager`.

    Domains are transient: nothing stays defined. They go by their UUIDs, which only ours have.
    """

    name = "libvirt"
    label = LIBVIRT_XEN_KEEPER
    description = "domain.xml"

    def __init__(self, site: Site, uri: str = SYSTEM) -> None:
        self.site = site
        self.word = uri
        self._virsh = Virsh(uri, _LIMIT)

    def check(self, spec: GuestSpec) -> None:
        """See `Manager.check`: libvirt answers, and has no domain of that name defined."""
        if spec.name in self._virsh.domains():
            raise check.in_use(spec.name)

    def describe(self, spec: GuestSpec) -> str:
        """See `Manager.describe`: libvirt's domain XML."""
        bare = replace(spec, limits=replace(spec.limits, cpu=None))  # the XML has no cap
        text, left = to_libvirt(domain(bare, self.name, self.site.path).document())
        if left:
            raise UserError(
                f"libvirt has no words for {', '.join(left)}",
                spec.name,
                "run the guest on a host with the driver `xl`",
            )
        return text

    def create(self, spec: GuestSpec) -> None:
        """See `Manager.create`."""
        self._run("create", str(spec.directory / self.description), "--paused")
        percent = cap(spec)
        if percent is not None:
            self._run("schedinfo", _uuid(spec.directory), "--set", f"cap={percent}")

    def resume(self, spec: GuestSpec) -> None:
        """See `Manager.resume`."""
        self._run("resume", _uuid(spec.directory))

    def shutdown(self, spec: GuestSpec) -> None:
        """See `Manager.shutdown`."""
        with contextlib.suppress(VirshError):
            self._virsh.run("shutdown", _uuid(spec.directory))

    def destroy(self, directory: Path, number: int | None) -> None:
        """See `Manager.destroy`. Xen itself ends what libvirt does not know of, or cannot end."""
        try:
            self._virsh.run("destroy", _uuid(directory))
        except VirshError:
            if number is not None:
                Toolstack(self.site.runner).destroy(str(number))
            deadline = time.monotonic() + _LAST
            while self.holds(directory) and time.monotonic() < deadline:
                time.sleep(_MOMENT)

    def holds(self, directory: Path) -> bool:
        """See `Manager.holds`: libvirt forgets a domain a moment after Xen does."""
        try:
            self._virsh.run("domstate", _uuid(directory))
        except VirshError:
            return False
        return True

    def _run(self, *words: str) -> None:
        try:
            self._virsh.run(*words)
        except VirshError as error:
            raise UserError(
                f"libvirt did not start the guest: {error}",
                f"`virsh {' '.join(words)[:300]}`",
                f"see {_LOG}, and `journalctl -u libvirtd`",
            ) from error


def _uuid(directory: Path) -> str:
    return identity(directory, LibvirtManager.name)
