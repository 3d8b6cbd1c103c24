"""A guest's specification as a domain of Xen's, and which of Xen's domains are guests of ours."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

from fata.deploy.drivers.spec import GuestSpec
from fata.xen.guest import COMMAND_LINE_BYTES
from fata.xen.toolstack import Toolstack
from functoria.error import UserError
from xlcfg import Action, Block, Disk, Domain, Guest, Network, Vif

XL = "xl"
"""The driver that the UUIDs of guests need not name."""

_NAMESPACE = uuid.UUID("5f5b1a86-8c6c-5d0c-9f8d-6a1b0f61a7a0")
_STORED = re.compile(
    r'^/local/domain/([0-9]{1,5})/(?:(name) = "([^"]*)"|vm = "/vm/([0-9a-f-]{36})")$', re.MULTILINE
)


def identity(directory: Path, driver: str = XL) -> str:
    """`identity(directory, driver)` is the UUID of the guest of that directory.

    Xen keeps it with the domain from its creation on, so that a guest is known as ours even where
    all that was written down of it is lost.
    """
    prefix = "" if driver == XL else f"{driver}:"
    return str(uuid.uuid5(_NAMESPACE, f"{prefix}{directory}"))


def ours(toolstack: Toolstack, guests: Path, driver: str = XL) -> dict[str, int]:
    """`ours(toolstack, guests, driver)` is the numbers of the domains that are guests of that
    driver's, by name.
    """
    names: dict[int, str] = {}
    identities: dict[int, str] = {}
    for number, is_name, name, found in _STORED.findall(toolstack.xenstore("/local/domain")):
        if is_name:
            names[int(number)] = name
        else:
            identities[int(number)] = found
    return {
        name: number
        for number, name in sorted(names.items())
        if name and identities.get(number) == identity(guests / name, driver)
    }


def cap(spec: GuestSpec) -> int | None:
    """`cap(spec)` is the most that the guest may use, in hundredths of a processor."""
    share = spec.limits.cpu
    return None if share is None else max(1, round(share * 100))


def domain(spec: GuestSpec, driver: str = XL, path: Callable[[Path], str] = str) -> Domain:
    """`domain(spec, driver, path)` is the domain; `path` is what files of ours are called there.

    Raises `UserError` for what Xen does not have.
    """
    kind, percent = Guest(spec.xen.value), cap(spec)
    length, most = len(spec.command_line.encode()), COMMAND_LINE_BYTES[kind]
    if length >= most:
        raise UserError(
            f"the kernel is given {length} bytes of arguments, and a guest of the type "
            f"{kind.value} reads {most - 1}",
            "arguments",
            "shorten them, or have the program read them from elsewhere",
        )
    return Domain(
        name=spec.name,
        type=kind,
        kernel=path(spec.kernel),
        ramdisk=None if spec.initramfs is None else path(spec.initramfs),
        cmdline=spec.command_line,
        memory=spec.memory,
        vcpus=spec.vcpus,
        on_poweroff=Action.DESTROY,
        on_reboot=Action.DESTROY,
        on_crash=Action(spec.on_crash.value),
        blocks=tuple(
            Block(
                disk.name,
                Disk(target=path(disk.path), vdev=disk.vdev, writable=not disk.read_only),
            )
            for disk in spec.disks
        ),
        networks=tuple(
            Network(nic.name, Vif(mac=nic.mac, bridge=nic.bridge or "")) for nic in spec.nics
        ),
        more=(
            ("uuid", identity(spec.directory, driver)),
            *((("cap", percent),) if percent is not None else ()),
        ),
    )
