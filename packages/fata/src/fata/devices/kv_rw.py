"""Key-value stores that can be changed."""

from __future__ import annotations

from fata.devices.block import guest_disk
from fata.devices.given import check_name, in_place
from fata.devices.target import by_target
from fata.devices.types import BLOCK, KV_RO, KV_RW
from functoria import BOOLEAN, Device, Impl, Key, Stage


def kv_rw(name: str, *, size: str | int = "64MiB") -> Impl:
    """`kv_rw("data", size="64MiB")` is a store that outlives the program.

    A VM keeps it on the disk that its host gives it as `data`, of at least that size; a process
    in the directory `data` of its project.
    """
    check_name(name, "disk")
    return by_target(
        unix=directory_kv_rw(name), guest=block_kv_rw(guest_disk(name, size=size), group=name)
    )


def block_kv_rw(block: Impl, *, group: str | None = None) -> Impl:
    """`block_kv_rw(block("data", size="64MiB"))` is a store on a block device.

    It survives the machine's end at any moment. A device of zeros becomes an empty store; one
    that holds something else is refused, unless the program is started with `--format`.
    """
    key: Key[bool] = Key(
        name="format",
        converter=BOOLEAN,
        doc="make a store of a disk that holds something else, which is lost",
        stage=Stage.BOOT,
        group=group,
        flag=True,
    )
    device = Device(
        name="kv_rw",
        type=BLOCK >> KV_RW,
        constructor="libos.storage.block_store:BlockStore",
        labels=("block",),
        keywords={"format": key},
        doc="a store on a block device",
    )
    return device(block)


def directory_kv_rw(directory: str) -> Impl:
    """`directory_kv_rw(d)` is the files of a directory on the machine that the program runs on."""
    return Device(
        name="kv_rw",
        type=KV_RW,
        constructor="libos.storage.directory_rw:DirectoryStoreRw",
        keywords={"root": directory},
        needs=in_place(directory, "`kv_rw`, which is on a disk there"),
        doc=f"the files below {directory}",
    )


def memory_kv_rw() -> Impl:
    """`memory_kv_rw()` is a store in the program's memory, empty at every start."""
    return Device(
        name="kv_rw",
        type=KV_RW,
        constructor="libos.storage.memory:MemoryStore",
        doc="a store in memory",
    )


def read_only(store: Impl) -> Impl:
    """`read_only(store)` is a `KV_RW` where a `KV_RO` is asked for."""
    device = Device(
        name="read_only",
        type=KV_RW >> KV_RO,
        constructor="libos.storage.read_only:ReadOnly",
        labels=("store",),
        doc="a store that is not changed through this",
    )
    return device(store)
