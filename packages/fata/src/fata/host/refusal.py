"""Hosts that cannot be set up, told before anything on them is changed."""

from __future__ import annotations

from fata.host.facts import Facts
from fata.host.failure import readable
from fata.host.kind import Kind
from fata.host.plan import wanted_packages
from functoria.error import UserError

RELEASES = ("12", "13")
ROOM = {"/": 1_000_000_000, "/var": 300_000_000, "/boot": 100_000_000}
"""The bytes that have to be free where these are file systems of their own."""

MEMORY = {Kind.XEN: 1_500_000_000, Kind.QEMU: 400_000_000}
"""The least memory of a host in bytes, of which most is then left to guests."""


def refuse(facts: Facts, kind: Kind, name: str) -> None:
    """Raise `UserError` where the host `name` cannot become one of that kind."""
    for problem in (
        _system(facts),
        _packages(facts),
        _room(facts, kind),
        _machine(facts, kind),
    ):
        if problem is not None:
            what, do = problem
            raise UserError(f"{name} {what}", name, do)


def _system(facts: Facts) -> tuple[str, str] | None:
    system = facts.system
    if system.distribution != "debian" or system.release not in RELEASES:
        what = f"runs {readable(system.name)}, which fata does not set up"
        return what, "choose a machine with Debian 12 (bookworm) or 13 (trixie)"
    if facts.packages.architecture != "amd64":
        what = f"is a machine of architecture {facts.packages.architecture}"
        return what, "choose one of amd64: images of fata are built for that"
    if system.init != "systemd":
        what = f"was not started by systemd but by `{system.init or 'nothing known'}`"
        return what, "choose a machine, not a container, that systemd starts"
    return None


def _packages(facts: Facts) -> tuple[str, str] | None:
    broken = facts.packages.broken
    if not broken:
        return None
    names = ", ".join(broken[:3]) + (" and others" if len(broken) > 3 else "")
    what = f"has packages that are installed half-way: {names}"
    return what, "run `dpkg --configure -a` and `apt-get --fix-broken install` there"


def _room(facts: Facts, kind: Kind) -> tuple[str, str] | None:
    if all(name in facts.packages.installed for name in wanted_packages(facts, kind)):
        return None
    for mount, needed in ROOM.items():
        free = facts.free.get(mount)
        if free is not None and free < needed:
            what = f"has {free / 1e6:.0f} MB free on {mount}; {needed / 1e6:.0f} MB are needed"
            return what, "make room there; `apt-get clean` may be enough"
    return None


def _machine(facts: Facts, kind: Kind) -> tuple[str, str] | None:
    system = facts.system
    if system.memory < MEMORY[kind] and not system.dom0:
        what = f"has {system.memory / 1e6:.0f} MB of memory; {MEMORY[kind] / 1e6:.0f} MB are needed"
        return what, "choose a machine with more memory"
    if kind is Kind.QEMU:
        if system.under_xen and system.dom0:
            what = "runs Xen, under which Linux cannot use KVM"
            return what, "set it up with `--kind xen`"
        return None
    if system.under_xen and not system.dom0:
        return "is a guest of Xen, and cannot be its host", "choose another machine"
    if system.secure_boot:
        what = "starts with Secure Boot, and Debian's Xen is not signed"
        return what, "switch Secure Boot off in the machine's firmware, or use `--kind qemu`"
    if not {"grub-pc", "grub-efi-amd64"} & facts.packages.installed.keys():
        what = "does not start by GRUB, which has to start Xen"
        return what, "install `grub-pc` or `grub-efi-amd64` there, or use `--kind qemu`"
    return None
