"""The Python of a host, for which a bundle is made."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fata.host.connection import Connection
from fata.host.failure import last_line
from fata.host.memory import recall, remember
from functoria.error import UserError

LEAST = (3, 11)
GLIBC = (2, 28)
"""What the wheels in a bundle ask for at most (PEP 600, manylinux_2_28)."""

_SHAPE = re.compile(r"3\.(\d{1,3}) ([a-z0-9_]{1,20}) glibc (\d{1,3})\.(\d{1,4})(?:\.\d+)?\n")
_PROBE = (
    "import os, sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}', os.uname().machine, "
    "os.confstr('CS_GNU_LIBC_VERSION'))"
)
_MACHINES = ("x86_64", "aarch64")
_NOT_FOUND = 127


@dataclass(frozen=True, slots=True)
class Runtime:
    """`Runtime("3.11", "x86_64")` is the version of a Python, and the machine it runs on."""

    python: str
    machine: str

    @property
    def platform(self) -> str:
        """The platform as uv calls it."""
        return f"{self.machine}-manylinux_{GLIBC[0]}_{GLIBC[1]}"


def probe(connection: Connection) -> Runtime:
    """`probe(connection)` is what `python3` of the host is, and is remembered for `remembered`.

    Raises `UserError` where there is none that fata runs on.
    """
    name = connection.destination.name
    done = connection.run(("env", "python3", "-I", "-c", _PROBE))
    if done.code == _NOT_FOUND:
        raise UserError(
            f"there is no python3 on {name}, with which fata would run there",
            name,
            f"run `fata host setup {name}`, or `apt-get install python3` there",
        )
    match = _SHAPE.fullmatch(done.out)
    if match is None:
        raise UserError(
            f"python3 of {name} does not say what it is: {last_line(done.err or done.out)}",
            name,
            "make `python3 -I -c 'import os'` work there; the system has to be Linux with glibc",
        )
    minor, machine, *libc = match.groups()
    _check(name, int(minor), machine, (int(libc[0]), int(libc[1])))
    runtime = Runtime(f"3.{minor}", machine)
    remember(connection, "runtime", f"{runtime.python} {runtime.machine}")
    return runtime


def remembered(connection: Connection) -> Runtime | None:
    """`remembered(connection)` is what the host had when it was asked last, if it ever was.

    The host may have been upgraded since: its bundle then refuses to run.
    """
    words = (recall(connection, "runtime") or "").split(" ")
    return Runtime(words[0], words[1]) if len(words) == len(("python", "machine")) else None


def _check(name: str, minor: int, machine: str, libc: tuple[int, int]) -> None:
    if (3, minor) < LEAST:
        raise UserError(
            f"python3 of {name} is 3.{minor}, and fata runs on {LEAST[0]}.{LEAST[1]} or later",
            name,
            "upgrade the machine to Debian 12 or 13",
        )
    if machine not in _MACHINES:
        raise UserError(
            f"{name} is a machine of type {machine}",
            name,
            f"choose one of {' or '.join(_MACHINES)}",
        )
    if libc < GLIBC:
        raise UserError(
            f"glibc of {name} is {libc[0]}.{libc[1]}, and fata needs {GLIBC[0]}.{GLIBC[1]}",
            name,
            "upgrade the machine to Debian 12 or 13",
        )
