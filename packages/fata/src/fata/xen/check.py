"""What would keep a guest from starting, told before anything of it is made."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from fata.xen.notes import check_kernel
from fata.xen.runner import answered
from fata.xen.toolstack import Condition, Toolstack
from functoria import UserError
from xlcfg import Domain

EXTRA = 8
"""MiB that Xen itself wants for a guest beside the guest's own: tables, and its devices' pages."""

PATIENCE = 30.0
"""Seconds for the memory of a guest that has just ended to come back, as long as more comes."""

_MOMENT = 0.5


def check(toolstack: Toolstack, domain: Domain, kernel: Path, placed: bool = True) -> None:
    """`check(toolstack, domain, kernel)` raises `UserError` for all that can be known now.

    `kernel` is the guest's, on this machine. The other files are looked for only if they are
    `placed` where the domain has them.
    """
    check_kernel(kernel, domain.type)
    toolstack.check_host()
    _check_name(toolstack, domain.name)
    _check_bridges(toolstack, [network.vif.bridge for network in domain.networks])
    if placed:
        _check_files(toolstack, domain)
    _check_memory(toolstack, domain.memory + EXTRA)


def _check_name(toolstack: Toolstack, name: str) -> None:
    found = toolstack.find(name)
    if found is None:
        return
    ended = {Condition.CRASHED: ", which has crashed", Condition.ENDED: ", which has ended"}
    raise UserError(
        f"the name `{name}` is in use by a guest{ended.get(found.condition, ' that runs')}",
        f"{toolstack.runner.where}, domain {found.number}",
        f"end it with `xl destroy {name}`, or give this one another name",
    )


def _check_bridges(toolstack: Toolstack, wanted: Sequence[str | None]) -> None:
    names = [name for name in wanted if name]
    there = toolstack.bridges(names)
    for name in names:
        if name not in there:
            raise UserError(
                f"there is no bridge `{name}`",
                toolstack.runner.where,
                "see with `ip link show type bridge` which there are; `fata host setup` makes one",
            )


def _check_files(toolstack: Toolstack, domain: Domain) -> None:
    files = {"kernel": domain.kernel}
    if domain.ramdisk is not None:
        files["initramfs"] = domain.ramdisk
    files |= {f"disk `{block.name}`": block.disk.target or "" for block in domain.blocks}
    for what, path in files.items():
        done = answered(toolstack.runner, ["stat", "-L", "-c", "%F", path])
        kind = done.out.decode(errors="replace").strip()
        if kind not in ("regular file", "regular empty file", "block special file", "block device"):
            found = f"is a {kind}" if kind else "is not there"
            raise UserError(
                f"the file of the {what} {found}",
                path,
                "put it there, or build again with `fata build`"
                if what in ("kernel", "initramfs")
                else f"make it with `truncate -s 64M {path}`, or name another",
            )


def _check_memory(toolstack: Toolstack, needed: int) -> None:
    """Xen gives the memory of a guest that ended back bit by bit."""
    deadline = time.monotonic() + PATIENCE
    before, free = -1, toolstack.free_memory()
    while free < needed and time.monotonic() < deadline:
        if free <= before and not _dying(toolstack):
            break
        time.sleep(_MOMENT)
        before, free = free, toolstack.free_memory()
    if free < needed:
        raise UserError(
            f"the guest needs {needed} MiB of memory, and {free} are free",
            toolstack.runner.where,
            "end another guest, or give this one less with `--memory`",
        )


def _dying(toolstack: Toolstack) -> bool:
    return any(domain.condition is Condition.DYING for domain in toolstack.domains())
