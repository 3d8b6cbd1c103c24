"""Who holds a port: a hint for the message that says it is taken."""

from __future__ import annotations

import contextlib
from pathlib import Path


def owner(port: int, protocol: str, proc: Path = Path("/proc")) -> str | None:
    """`owner(port, protocol)` names the process bound to `port`, as `` `nginx` (process 812)``.

    `None` where it cannot be told: another user's process, or no `/proc`. The tables are those
    of proc(5), `/proc/net/tcp` and its like; a connected or lingering socket does not count.
    """
    inodes = _inodes(port, protocol, proc)
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in sorted(_processes(proc)):
        folder = proc / str(process)
        with contextlib.suppress(OSError):
            if any(_target(link) in wanted for link in (folder / "fd").iterdir()):
                name = (folder / "comm").read_text(errors="replace").strip()
                return f"`{name}` (process {process})"
    return None


def _inodes(port: int, protocol: str, proc: Path) -> frozenset[str]:
    # The state column: a listening TCP socket is 0A, an unconnected UDP socket 07.
    state = "0A" if protocol == "tcp" else "07"
    found: set[str] = set()
    for table in (protocol, f"{protocol}6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                columns = line.split()
                if len(columns) < 10 or columns[3] != state:
                    continue
                if columns[1].rpartition(":")[2] == f"{port:04X}":
                    found.add(columns[9])
    return frozenset(found)


def _processes(proc: Path) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal()]
    return []


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
