"""Read-only key-value stores."""

from __future__ import annotations

from pathlib import PurePosixPath

from fata.devices.target import by_target
from fata.devices.types import BLOCK, KV_RO
from fata.needs import Directory, HostPath
from functoria import Device, Impl, UserError
from functoria.position import here

_STORE = "libos.storage.directory:DirectoryStore"


def kv_ro(directory: str) -> Impl:
    """`kv_ro("site")` is the files below a directory of the project.

    A VM carries them in its image; a process reads them where they are.
    """
    path = PurePosixPath(directory)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise UserError(
            f"`{directory}` is not a directory inside the project",
            here(),
            'name one below the configuration file, such as `kv_ro("site")`',
        )
    return by_target(unix=directory_kv_ro(directory), guest=packed_kv_ro(directory))


def directory_kv_ro(directory: str) -> Impl:
    """`directory_kv_ro(d)` reads the directory on the machine that the program runs on."""
    return Device(
        name="kv_ro",
        type=KV_RO,
        constructor=_STORE,
        keywords={"root": directory},
        needs=(HostPath(directory, f'`kv_ro("{directory}")`', here(), is_read=True),),
        doc=f"the files below {directory}",
    )


def packed_kv_ro(directory: str) -> Impl:
    """`packed_kv_ro(d)` reads a copy of the directory that is packed into the image."""
    at = f"data/{PurePosixPath(directory)}"
    return Device(
        name="kv_ro",
        type=KV_RO,
        constructor=_STORE,
        keywords={"root": f"/{at}"},
        needs=(Directory(directory, at, here()),),
        doc=f"the files below {directory}, packed into the image",
    )


def tar_kv_ro(block: Impl) -> Impl:
    """`tar_kv_ro(block("site"))` is the files of an uncompressed tar archive on a block device."""
    device = Device(
        name="kv_ro",
        type=BLOCK >> KV_RO,
        constructor="libos.storage.tar:TarStore",
        labels=("block",),
        doc="the files of a tar archive",
    )
    return device(block)


def fat_kv_ro(block: Impl) -> Impl:
    """`fat_kv_ro(block("site"))` is the files of a FAT file system on a block device.

    It fills the device, or its first partition that is one for FAT.
    """
    device = Device(
        name="kv_ro",
        type=BLOCK >> KV_RO,
        constructor="libos.storage.fat:FatStore",
        labels=("block",),
        doc="the files of a FAT file system",
    )
    return device(block)
