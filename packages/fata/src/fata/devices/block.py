"""Block devices."""

from __future__ import annotations

from fata.devices.given import check_name, in_place, read_size
from fata.devices.target import by_target
from fata.devices.types import BLOCK, KV_RO
from fata.needs import Disk
from functoria import Device, Impl, Package, UserError
from functoria.position import here

DIRECTORY = "disks"
"""Where in a project the disks are that a run makes by itself."""

_CIPHERS = {
    "xts": "libos.storage.block.xts:XtsBlock",
    "gcm": "libos.storage.block.gcm:GcmBlock",
}


def block(
    name: str,
    *,
    size: str | int | None = None,
    sector_size: int = 512,
    read_only: bool = False,
) -> Impl:
    """`block("data", size="64MiB")` is a disk of at least that size, which outlives the program.

    In a VM it is the disk that the host gives it under this name; a process has the file
    `disks/data.img` of its project. Without a size, any will do, and none is made by itself.
    """
    check_name(name, "disk")
    return by_target(
        unix=block_of_file(
            f"{DIRECTORY}/{name}.img",
            size=size,
            create=size is not None,
            sector_size=sector_size,
            read_only=read_only,
        ),
        guest=guest_disk(name, size=size, sector_size=sector_size, read_only=read_only),
    )


def guest_disk(
    name: str,
    *,
    size: str | int | None = None,
    sector_size: int = 512,
    read_only: bool = False,
) -> Impl:
    """`guest_disk("data")` is the disk that the host of a VM gives it under this name."""
    check_name(name, "disk")
    least = None if size is None else read_size(size, sector_size)
    return Device(
        name="disk",
        type=BLOCK,
        constructor="libos.storage.block.guest:GuestDisk",
        keywords={"name": name, **_given(least, sector_size, read_only)},
        needs=(Disk(name, least, read_only, here(), sector_size),),
        doc=f"the disk {name}",
    )


def block_of_file(
    path: str,
    *,
    size: str | int | None = None,
    create: bool = False,
    sector_size: int = 512,
    read_only: bool = False,
) -> Impl:
    """`block_of_file("disks/data.img")` is a file, or a disk of the machine such as `/dev/sdb`.

    With `create` and a `size` a file that is missing is made.
    """
    least = None if size is None else read_size(size, sector_size)
    made = {"create": True} if create else {}
    return Device(
        name="block",
        type=BLOCK,
        constructor="libos.storage.block.file:FileBlock",
        keywords={"path": path, **_given(least, sector_size, read_only), **made},
        needs=in_place(path, "`block`, which is a disk there"),
        doc=f"the sectors of {path}",
    )


def ramdisk(name: str, size: str | int, *, sector_size: int = 512) -> Impl:
    """`ramdisk("scratch", "16MiB")` is a disk in the program's memory, empty at every start."""
    check_name(name, "disk")
    return Device(
        name="ramdisk",
        type=BLOCK,
        constructor="libos.storage.block.ram:RamBlock",
        keywords={
            "size": read_size(size, sector_size),
            "name": f"the disk `{name}` in memory",
            **_given(None, sector_size, read_only=False),
        },
        doc=f"a disk in memory, {size}",
    )


def encrypted_block(
    block: Impl, keys: Impl, *, key_name: str = "disk.key", mode: str = "xts"
) -> Impl:
    """`encrypted_block(block("data"), keys)` is the block device with its content encrypted.

    The key is the value `key_name` of the store `keys`, 32 or 64 bytes, read when the program
    starts. `mode` is `xts`, which hides the content and detects no change, or `gcm`, which also
    detects changes and takes some of the space.
    """
    if mode not in _CIPHERS:
        raise UserError(
            f"there is no mode of encryption `{mode}`", here(), 'use `mode="xts"` or `mode="gcm"`'
        )
    device = Device(
        name="encrypted_block",
        type=BLOCK >> KV_RO >> BLOCK,
        constructor=_CIPHERS[mode],
        labels=("block", "keys"),
        keywords={"key_name": key_name},
        packages=(Package("cryptography>=43"),),
        doc=f"encrypted with AES-{mode.upper()}",
    )
    return device(block, keys)


def _given(size: int | None, sector_size: int, read_only: bool) -> dict[str, object]:
    """The keywords that differ from what the library OS takes by itself."""
    given: dict[str, object] = {} if size is None else {"size": size}
    if sector_size != 512:
        given["sector_size"] = sector_size
    if read_only:
        given["read_only"] = True
    return given
