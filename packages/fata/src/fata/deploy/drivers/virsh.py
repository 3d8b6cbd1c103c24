"""libvirt through its command `virsh`, which needs no binding compiled for our Python.

What it prints is asked for in C's locale. Source: virsh(1).
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from fata.qemu.libvirt import TAGS
from functoria.error import UserError

PROGRAM = "virsh"
_LIMIT = 60.0


class VirshError(Exception):
    """`VirshError(text)` is what libvirt said was wrong."""


@dataclass(frozen=True, slots=True)
class Virsh:
    """`Virsh(uri, limit)` is the libvirt at that URI, such as `qemu:///system`.

    `limit` is the seconds that a call may take.
    """

    uri: str
    limit: float = _LIMIT

    def command(self, *words: str) -> list[str]:
        """`command(*words)` is the argument list."""
        return [PROGRAM, "--quiet", "--connect", self.uri, *words]

    def run(self, *words: str) -> str:
        """`run(*words)` is what it prints. Raises `VirshError`, and `UserError` without virsh."""
        try:
            done = subprocess.run(
                self.command(*words),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.limit,
                env={**os.environ, "LC_ALL": "C"},
                check=False,
            )
        except FileNotFoundError as error:
            raise UserError(
                "libvirt is not installed: there is no `virsh`",
                None,
                "on Debian and Ubuntu: `sudo apt install libvirt-daemon-system libvirt-clients`, "
                "or use the driver `qemu`",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise VirshError(f"libvirt did not answer within {self.limit:g} s") from error
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"virsh failed with {done.returncode}"]
            last = lines[-1] if lines[-1].startswith("error: ") else lines[0]
            raise VirshError(last.removeprefix("error: ")[:400])
        return done.stdout

    def directory(self, domain: str) -> Path | None:
        """`directory(domain)` is that of the guest, if the domain is there and is one of ours."""
        try:
            text = self.run("metadata", domain, TAGS)
            path = ET.fromstring(text).get("directory")  # noqa: S314 - libvirt's own, and short
        except (VirshError, ET.ParseError):
            return None
        return Path(path) if path else None

    def domains(self) -> tuple[str, ...]:
        """`domains()` is the names of all domains, ours or not. Raises `UserError`."""
        try:
            return tuple(sorted(self.run("list", "--all", "--name").split()))
        except VirshError as error:
            raise self.unreachable(error) from error

    def unreachable(self, error: VirshError) -> UserError:
        """`unreachable(error)` is the error for a libvirt that does not do as it is told."""
        return UserError(
            f"libvirt does not answer: {error}",
            self.uri,
            "see with `systemctl status libvirtd` that it runs, and that this user may use it",
        )
