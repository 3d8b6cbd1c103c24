"""Limits on the processor time and memory of a guest's QEMU, by a control group of its own.

Sources: Linux, `cgroup-v2.rst` and, for hosts that still use it, `cgroup-v1/memory.rst` and
`scheduler/sched-bwc.rst`. Where systemd runs, it keeps the groups, and this is not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.drivers.spec import Limits

ROOT = Path("/sys/fs/cgroup")
_OURS = "fata"
_PERIOD = 100_000  # microseconds


@dataclass(frozen=True, slots=True)
class Group:
    """`Group(folders)` is the control groups of one guest: one, or one for each controller."""

    folders: tuple[Path, ...]

    def descriptors(self) -> tuple[int, ...]:
        """Open files; who writes `0` to them joins, whatever its user."""
        return tuple(
            os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC) for folder in self.folders
        )

    def remove(self) -> None:
        """Kill what is left in the groups and remove them."""
        for folder in self.folders:
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    _kill(folder)
                    time.sleep(0.02)


def enforceable(root: Path = ROOT) -> frozenset[str]:
    """`enforceable()` is the controllers, of `cpu` and `memory`, that can be used here."""
    unified = _words(root / "cgroup.controllers")
    found = {
        name
        for name in ("cpu", "memory")
        if (name in unified and os.access(root / "cgroup.subtree_control", os.W_OK))
        or (not unified and os.access(root / name / "cgroup.procs", os.W_OK))
    }
    return frozenset(found)


def group(directory: Path, root: Path = ROOT) -> Group:
    """`group(directory)` is the control groups of a guest, there or not."""
    name = f"{directory.name}-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:8]}"
    if (root / "cgroup.controllers").exists():
        return Group((root / _OURS / name,))
    return Group(tuple(root / controller / _OURS / name for controller in ("cpu", "memory")))


def make(directory: Path, limits: Limits, root: Path = ROOT) -> Group | None:
    """`make(directory, limits)` is new control groups with those limits; `None` for none.

    Raises `OSError`.
    """
    if limits.cpu is None and limits.memory is None:
        return None
    wanted = group(directory, root)
    wanted.remove()
    if len(wanted.folders) == 1:
        _make_unified(wanted.folders[0], limits, root)
        return wanted
    used = []
    values = (
        ("cpu.cfs_quota_us", _quota(limits.cpu or 0)),
        ("memory.limit_in_bytes", (limits.memory or 0) << 20),
    )
    for folder, (name, value) in zip(wanted.folders, values, strict=True):
        if value:
            folder.mkdir(parents=True)
            (folder / name).write_text(str(value))
            used.append(folder)
    return Group(tuple(used))


def exists(directory: Path, root: Path = ROOT) -> bool:
    """Whether the guest has a control group."""
    return any(folder.exists() for folder in group(directory, root).folders)


def _make_unified(folder: Path, limits: Limits, root: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    for parent in (root, folder.parent):
        (parent / "cgroup.subtree_control").write_text("+cpu +memory")
    folder.mkdir()
    if limits.cpu is not None:
        (folder / "cpu.max").write_text(f"{_quota(limits.cpu)} {_PERIOD}")
    if limits.memory is not None:
        (folder / "memory.max").write_text(str(limits.memory << 20))


def _quota(cpu: float) -> int:
    return max(1000, int(cpu * _PERIOD)) if cpu else 0


def _kill(folder: Path) -> None:
    for word in _words(folder / "cgroup.procs"):
        with contextlib.suppress(OSError):
            os.kill(int(word), signal.SIGKILL)


def _words(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text().split())
    except OSError:
        return ()
