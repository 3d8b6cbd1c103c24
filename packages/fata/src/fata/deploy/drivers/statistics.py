"""What a guest of the driver `qemu` has used, asked of the kernel and of its QEMU."""

from __future__ import annotations

import os
from pathlib import Path

from fata.deploy.drivers.directory import read_spec
from fata.deploy.drivers.driver import Statistics
from fata.deploy.drivers.resources import QMP, short
from fata.deploy.drivers.tap import traffic
from fata.identity import Identity
from fata.qemu.qmp import Qmp, QmpError
from functoria.error import UserError

_PATIENCE = 2.0


def statistics(directory: Path, hypervisor: Identity) -> Statistics | None:
    """`statistics(directory, hypervisor)` is what it has used; `None` if it has ended.

    The counts of disks are `None` where QEMU does not answer.
    """
    try:
        folder = Path(f"/proc/{hypervisor.pid}")
        # proc(5): utime and stime are fields 14 and 15, after the name in parentheses.
        fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        pages = int((folder / "statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    if not hypervisor.alive:
        return None
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    received, sent = _vifs(directory)
    read, written = _disks(directory)
    return Statistics(cpu, pages * os.sysconf("SC_PAGESIZE"), received, sent, read, written)


def _vifs(directory: Path) -> tuple[int | None, int | None]:
    try:
        nics = read_spec(directory).nics
    except UserError:
        return None, None
    counts = [traffic(directory, number) for number, nic in enumerate(nics) if nic.bridge]
    seen = [count for count in counts if count is not None]
    if not seen:
        return None, None
    return sum(count[0] for count in seen), sum(count[1] for count in seen)


def _disks(directory: Path) -> tuple[int | None, int | None]:
    try:
        with short(directory) as folder, Qmp.connect(folder / QMP, _PATIENCE) as qmp:
            answer = qmp.execute("query-blockstats")
    except (OSError, QmpError):
        return None, None
    rows = answer if isinstance(answer, list) else []
    counts = [row["stats"] for row in rows if isinstance(row, dict) and "stats" in row]
    return _sum(counts, "rd_bytes"), _sum(counts, "wr_bytes")


def _sum(counts: list[object], key: str) -> int:
    values = (count.get(key) for count in counts if isinstance(count, dict))
    return sum(value for value in values if isinstance(value, int))
