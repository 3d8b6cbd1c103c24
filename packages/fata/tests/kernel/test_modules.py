"""Modules are loaded after what they depend on."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from module_file import module

from fata.kernel.modules import ModuleTree
from functoria.error import UserError


def tree(directory: Path, **depends: str) -> ModuleTree:
    for name, needs in depends.items():
        elf = module(f"depends={needs}".encode(), f"name={name}".encode())
        path = directory / "kernel" / f"{name.replace('_', '-')}.ko.xz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(lzma.compress(elf))
    return ModuleTree(directory)


def test_dependencies_come_first_and_once(tmp_path: Path) -> None:
    modules = tree(
        tmp_path,
        virtio="",
        virtio_ring="",
        virtio_mmio="virtio,virtio_ring",
        failover="",
        net_failover="failover",
        virtio_net="virtio_ring,virtio,net_failover",
    )
    assert modules.order(["virtio_mmio", "virtio_net"]) == (
        "virtio",
        "virtio_ring",
        "virtio_mmio",
        "failover",
        "net_failover",
        "virtio_net",
    )


def test_what_is_built_in_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "modules.builtin").write_text("kernel/drivers/virtio/virtio.ko\n")
    modules = tree(tmp_path, virtio_rng="virtio")
    assert modules.order(["virtio_rng"]) == ("virtio_rng",)
    assert modules.order(["virtio"]) == ()


def test_a_missing_module_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no module `virtio_blk`"):
        tree(tmp_path).order(["virtio_blk"])


def test_a_circle_is_shown(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a -> b -> a"):
        tree(tmp_path, a="b", b="a").order(["a"])


def test_a_damaged_module_is_named(tmp_path: Path) -> None:
    modules = tree(tmp_path, a="")
    (tmp_path / "kernel" / "a.ko.xz").write_bytes(b"not compressed, not ELF")
    with pytest.raises(UserError, match=r"a\.ko\.xz"):
        modules.order(["a"])
