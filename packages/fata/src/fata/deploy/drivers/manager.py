"""What makes and ends the domains of a Xen host for us: its own toolstack, or libvirt."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.drivers.xen_domain import XL
from fata.deploy.drivers.xen_site import Site
from fata.xen.toolstack import Toolstack


class Manager(Protocol):
    """One of them, at one site. What Xen itself tells of domains, it is asked for its own.

    All methods raise `UserError`.
    """

    @property
    def name(self) -> str:
        """`xl` or `libvirt`: the name of the driver."""
        ...

    @property
    def word(self) -> str:
        """What `manager` makes the same one of: `xl`, or the URI of libvirt."""
        ...

    @property
    def label(self) -> str:
        """The label of the keepers of its guests."""
        ...

    @property
    def description(self) -> str:
        """The name of the file in a guest's directory that describes its domain."""
        ...

    @property
    def site(self) -> Site:
        """The Xen host."""
        ...

    def check(self, spec: GuestSpec) -> None:
        """Raise `UserError` where it cannot make the domain, apart from what Xen itself lacks."""
        ...

    def describe(self, spec: GuestSpec) -> str:
        """The content of that file."""
        ...

    def create(self, spec: GuestSpec) -> None:
        """Create the domain that is described there, paused, within its limits."""
        ...

    def resume(self, spec: GuestSpec) -> None:
        """Have it run."""
        ...

    def shutdown(self, spec: GuestSpec) -> None:
        """Ask it to end; one that is gone already, or does not listen, is no error."""
        ...

    def destroy(self, directory: Path, number: int | None) -> None:
        """End the guest of that directory at once, which is the domain of that number.

        Without a number it is one that is only held. Neither need be there any more.
        """
        ...

    def holds(self, directory: Path) -> bool:
        """Whether the guest of that directory is held on to, though Xen has it no more."""
        ...


def manager(word: str, site: Site) -> Manager:
    """`manager(word, site)` is the one of that word there."""
    # Each is imported where it is used: keepers start under emulation, too.
    if word == XL:
        from fata.deploy.drivers.xl_manager import XlManager

        return XlManager(site)
    from fata.deploy.drivers.libvirt_manager import LibvirtManager

    return LibvirtManager(site, word)


def toolstack(made: Manager) -> Toolstack:
    """`toolstack(manager)` is Xen's own there."""
    return Toolstack(made.site.runner)
