"""What can be known to be wrong with a guest before anything of it is made."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from fata.deploy.drivers.spec import Disk, GuestSpec
from fata.qemu.machine import Machine
from fata.qemu.publish import assign
from functoria.error import UserError

HYPERVISOR_MEMORY = 32
"""MiB that QEMU takes beside the guest's own, at the least."""
COMMAND_LINE_BYTES = 2048
MICROVM_DEVICES = 8

_AGAIN = "deploy the app again, which brings its files anew"


def check_directory(spec: GuestSpec, directory: Path) -> None:
    """`check_directory(spec, directory)` raises `UserError` if the guest's is another one."""
    if directory != spec.directory:
        raise UserError(
            f"the directory of `{spec.name}` is not among this driver's",
            str(spec.directory),
            f"use {directory}",
        )


def in_use(name: str) -> UserError:
    """`in_use(name)` is the error for a name that is taken."""
    return UserError(
        f"a guest `{name}` runs already", None, "stop it first, or start the next generation"
    )


def check_files(spec: GuestSpec, readable: bool = False) -> None:
    """`check_files(spec)` raises `UserError` for an image or a disk that cannot be used.

    `readable` asks that every user may read the image. Whether the kernel is one for it, only the
    hypervisor's driver can say.
    """
    for what, path in (("kernel", spec.kernel), ("initramfs", spec.initramfs)):
        if path is not None:
            _check_image(what, path, readable)
    for disk in spec.disks:
        _check_disk(disk)


def check_shape(spec: GuestSpec) -> None:
    """`check_shape(spec)` raises `UserError` for what QEMU and Linux have no room for."""
    length = len(spec.command_line.encode())
    if length >= COMMAND_LINE_BYTES - 64:
        raise UserError(
            f"the kernel is given {length} bytes of arguments, and there is room for "
            f"{COMMAND_LINE_BYTES - 65}",
            "arguments",
            "shorten them, or have the program read them from elsewhere",
        )
    devices = len(spec.nics) + len(spec.disks)
    if spec.machine is Machine.MICROVM and devices > MICROVM_DEVICES:
        raise UserError(
            f"the machine `microvm` has {MICROVM_DEVICES} places for devices, and the program has "
            f"{devices} interfaces and disks",
            spec.name,
            "build for the machine `q35`",
        )


def check_memory(spec: GuestSpec, meminfo: Path = Path("/proc/meminfo")) -> None:
    """`check_memory(spec)` raises `UserError` where the host has less than the guest needs."""
    need = spec.memory + HYPERVISOR_MEMORY
    try:
        rows = meminfo.read_text().splitlines()
        row = next(line for line in rows if line.startswith("MemAvailable:"))
        available = int(row.split()[1]) // 1024
    except (OSError, ValueError, IndexError, StopIteration):
        return  # it cannot be told here
    if available < need:
        raise UserError(
            f"the guest needs {need} MiB of memory, and this host has {available} MiB left",
            spec.name,
            "give it less `memory`, stop other guests, or use a larger host",
        )
    if spec.limits.memory is not None and spec.limits.memory < need:
        raise UserError(
            f"a guest of {spec.memory} MiB cannot be kept within {spec.limits.memory} MiB of "
            f"memory: its hypervisor needs {HYPERVISOR_MEMORY} more",
            "limits.memory",
            f"set it to {need} or more, or leave it out",
        )


def check_ports(spec: GuestSpec) -> None:
    """`check_ports(spec)` raises `UserError` for a port of the host that cannot be had."""
    for nic in spec.nics:
        assign(nic.forwards, "ports")


def check_bridges(spec: GuestSpec, is_bridge: Callable[[str], bool]) -> None:
    """`check_bridges(spec, is_bridge)` raises `UserError` for a bridge that is not there."""
    for nic in spec.nics:
        if nic.bridge is not None and not is_bridge(nic.bridge):
            raise UserError(
                f"this host has no bridge `{nic.bridge}`",
                f"the interface `{nic.name}`",
                "make it with `fata host setup`; `ip link show type bridge` lists those there are",
            )


def _check_image(what: str, path: Path, readable: bool) -> None:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UserError(f"the {what} cannot be read: {why}", str(path), _AGAIN) from None
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        raise UserError(f"the {what} is empty, or no file", str(path), _AGAIN)
    if readable and not status.st_mode & 0o004:
        raise UserError(
            f"the {what} may only be read by some users, and QEMU runs as one of its own",
            str(path),
            f"let all read it: `chmod a+r {path}`",
        )


def _check_disk(disk: Disk) -> None:
    try:
        flags = os.O_RDONLY if disk.read_only else os.O_RDWR
        file = os.open(disk.path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(file)
            size = os.lseek(file, 0, os.SEEK_END)
        finally:
            os.close(file)
    except OSError as error:
        raise UserError(
            f"the disk `{disk.name}` cannot be opened: {(error.strerror or str(error)).lower()}",
            str(disk.path),
            "bring the volume back, or make it anew; nothing was started without it",
        ) from None
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        raise UserError(
            f"the disk `{disk.name}` is not a file", str(disk.path), "name the file of a raw image"
        )
    if not size or size % disk.sector_size:
        raise UserError(
            f"the disk `{disk.name}` has {size} bytes, which are no whole sectors of "
            f"{disk.sector_size}",
            str(disk.path),
            f"make it larger: `truncate -s %{disk.sector_size} {disk.path}`",
        )
