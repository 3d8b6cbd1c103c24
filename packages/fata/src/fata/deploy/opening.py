"""Finding out what a host is: which driver runs its guests, and what leads traffic to them."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

from fata.deploy.admission import Admission
from fata.deploy.drivers.driver import Driver
from fata.deploy.host import Host
from fata.deploy.network import Subnet, subnet_of
from fata.deploy.policy import load
from fata.deploy.records.records import Records
from fata.deploy.secrets.place import Place, runtime_directory
from fata.deploy.secrets.vault import Vault
from fata.deploy.signing import Signers
from fata.deploy.store.blobs import Blobs
from fata.deploy.traffic.traffic import Traffic
from fata.host.kind import STATE, Kind
from fata.host.layout import SETTINGS
from fata.xen.runner import is_xen_host
from functoria.error import UserError

ALLOWED, REVOKED = "allowed_signers", "revoked_keys"
_DRIVERS = ("qemu", "libvirt", "xl")
_INTERFACES = Path("/sys/class/net")


def open_host(root: Path) -> Host:
    """`open_host(root)` is this machine, whose things are below `root`. Raises `UserError`.

    Xen hosts have the driver `xl`, and others `qemu`, unless `host.toml` there says `libvirt`,
    which then is libvirt's for Xen or for QEMU.
    Root joins guests to the bridge that `fata host setup` made; without root there is none.
    """
    _make(root)
    xen = is_xen_host()
    name = _driver_name(root, "xl" if xen else "qemu")
    bridge = _bridge(xen)
    subnet = None if bridge is None else subnet_of(bridge)
    guests = root / "guests"
    return Host(
        root,
        _driver(name, guests, xen),
        Records(root),
        Blobs(root / "store"),
        admission(root),
        Vault(root),
        Place(runtime_directory(root)),
        _traffic(root, bridge, subnet),
        bridge,
        subnet,
        xen=name == "xl" or (xen and name == "libvirt"),
    )


def admission(root: Path) -> Admission:
    """`admission(root)` is what the host asks of images.

    They have to be signed as soon as `allowed_signers` says by whom, or as the policy says.
    """
    signers = Signers(root / ALLOWED, root / REVOKED)
    return Admission(signers, required=load(root).signatures)


def _make(root: Path) -> None:
    try:
        root.mkdir(mode=0o751, parents=True, exist_ok=True)
        for name, mode in (("guests", 0o751), ("secrets", 0o700), ("keys", 0o700)):
            (root / name).mkdir(mode=mode, exist_ok=True)
        if not os.access(root, os.W_OK):
            raise PermissionError(13, "permission denied")
    except OSError as error:
        raise UserError(
            f"the agent cannot write its directory: {(error.strerror or str(error)).lower()}",
            str(root),
            "run `fata host setup` for this machine, or make room on its disk",
        ) from None


def _driver_name(root: Path, otherwise: str) -> str:
    path = root / SETTINGS
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError) as error:
        raise UserError(
            f"`{SETTINGS}` cannot be read: {str(error)[:200]}", str(path), "mend or remove it"
        ) from None
    name = found.pop("driver", otherwise)
    if found or name not in _DRIVERS:
        what = f"`{sorted(found)[0]}`" if found else f"the driver `{name}`"
        names = ", ".join(f"`{one}`" for one in _DRIVERS)
        raise UserError(
            f"`{SETTINGS}` says {what}, which is not known",
            str(path),
            f'write `driver = "NAME"` there, one of {names}',
        )
    return str(name)


def _driver(name: str, guests: Path, xen: bool) -> Driver:
    # Each is imported where it is used: the others' programs need not be there.
    if name == "xl":
        from fata.deploy.drivers.xl import Xl

        return Xl(guests)
    if name == "libvirt" and xen:
        from fata.deploy.drivers.libvirt_xen import LibvirtXen

        return LibvirtXen(guests)
    if name == "libvirt":
        from fata.deploy.drivers.libvirt import Libvirt

        return Libvirt(guests)
    from fata.deploy.drivers.qemu import Qemu

    return Qemu(guests)


def _bridge(xen: bool) -> str | None:
    if os.geteuid() != 0:
        return None
    name = (Kind.XEN if xen else Kind.QEMU).bridge
    if (_INTERFACES / name / "bridge").is_dir():
        return name
    if xen or Path(STATE, "bin").is_dir():
        raise UserError(
            f"this host has no bridge `{name}`",
            name,
            "make it again with `fata host setup`, or start its unit; what runs is left alone",
        )
    return None


def _traffic(root: Path, bridge: str | None, subnet: Subnet | None) -> Traffic:
    if bridge is not None and subnet is not None:
        from fata.deploy.traffic.nft import Nft

        return Nft(subnet.network, bridge)
    from fata.deploy.traffic.proxy.proxy import Proxy

    return Proxy(root / "proxy", (sys.executable, "-P"))
