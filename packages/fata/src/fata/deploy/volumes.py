"""The volumes of services: files that outlive the guests which write them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from fata.deploy.service import Service
from fata.deploy.store.durable import reported, sync_directory
from fata.image.manifest import DiskDevice, Manifest
from functoria.action import own_temporary
from functoria.converter import SIZE
from functoria.error import UserError

DATA = "data"


def directory_of(root: Path, service: Service) -> Path:
    """`directory_of(root, service)` is where the service's volumes are."""
    return root / "volumes" / service.app / service.environment


def volumes_of(made: Manifest) -> tuple[DiskDevice, ...]:
    """`volumes_of(manifest)` is the disks that a service keeps, in declared order."""
    return tuple(disk for disk in made.disks if disk.purpose == DATA)


def size(made: Manifest) -> int:
    """`size(manifest)` is the bytes of all its volumes that are made here."""
    return sum(disk.size or 0 for disk in volumes_of(made))


def exclusive(made: Manifest) -> bool:
    """`exclusive(manifest)` is whether the program writes a volume: two must not run at once."""
    return any(not disk.read_only for disk in volumes_of(made))


def check(root: Path, service: Service, made: Manifest) -> None:
    """`check(root, service, manifest)` raises `UserError` for a volume that cannot be had."""
    for disk in volumes_of(made):
        path = directory_of(root, service) / f"{disk.name}.img"
        if path.exists():
            if disk.size is not None and path.stat().st_size < disk.size:
                raise UserError(
                    f"the volume `{disk.name}` of {service} has "
                    f"{SIZE.show(path.stat().st_size)}, and the program wants "
                    f"{SIZE.show(disk.size)}",
                    str(path),
                    "stop the app and make it larger with `truncate -s` there, or ask for less "
                    "in config.py",
                )
        elif disk.read_only or disk.size is None:
            why = "it is only read" if disk.read_only else "config.py does not say its size"
            raise UserError(
                f"{service} has no volume `{disk.name}`, and it cannot be made: {why}",
                str(path),
                "put the file there, on the host, then deploy again",
            )


def provide(
    root: Path, service: Service, made: Manifest, report: Callable[[str], None]
) -> dict[str, Path]:
    """`provide(root, service, manifest, report)` is the file of each volume; new ones are made."""
    check(root, service, made)
    directory, found = directory_of(root, service), {}
    for disk in volumes_of(made):
        path = directory / f"{disk.name}.img"
        if not path.exists():
            _make(path, disk.size or 0)
            report(f"made the volume `{disk.name}`, {SIZE.show(disk.size or 0)}")
        found[disk.name] = path
    return found


def _make(path: Path, size: int) -> None:
    with reported(f"the volume `{path.stem}` cannot be made", path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whoever makes it has the lease of its service.
        handle, temporary = own_temporary(path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.truncate(size)
                os.fsync(handle)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_directory(path.parent)
