"""Who comes to a host: a home with a key, an ssh that knows the way, and fata."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

FATA = Path(sys.executable).with_name("fata")


class Client:
    """`Client(home, programs, name)` is a user whose ssh, in `programs`, reaches a host by name.

    `more` is what else their commands find in the environment.
    """

    def __init__(
        self, home: Path, programs: Path, name: str, more: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        self.programs = programs
        self.name = name
        self.more = dict(more or {})

    def fata(
        self, *words: str, project: Path | None = None, content: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """How a command of the client's ended, which reads `content`."""
        given = subprocess.DEVNULL if content is None else subprocess.PIPE
        with self.start(*words, project=project, stdin=given) as child:
            out, err = child.communicate(content, timeout=600)
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def start(
        self, *words: str, project: Path | None = None, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        """A command of the client's."""
        return subprocess.Popen(
            [FATA, *words],
            cwd=project or self.home,
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The client's: its home, and an ssh that knows the host."""
        return {
            **os.environ,
            "HOME": str(self.home),
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "NO_COLOR": "1",
            **self.more,
        }

    def status(self) -> dict[str, object]:
        """What the host says of itself."""
        done = self.fata("status", "--to", self.name, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found

    @property
    def public(self) -> Path:
        """The file with the client's public key."""
        return self.home / ".ssh" / "id_ed25519.pub"

    def know(self, enter: Path, user: str, host_key: Sequence[str]) -> None:
        """Make a key, and an ssh that logs in as that user, by the program `enter`."""
        ssh = self.home / ".ssh"
        for directory in (ssh, self.programs):
            directory.mkdir(parents=True, exist_ok=True)
        make_key(ssh / "id_ed25519")
        (ssh / "known_hosts").write_text(" ".join((self.name, *host_key)) + "\n")
        (ssh / "config").write_text(
            f"Host {self.name}\n  User {user}\n  ProxyCommand {enter}\n"
            f"  IdentityFile {ssh}/id_ed25519\n  UserKnownHostsFile {ssh}/known_hosts\n"
            "  IdentitiesOnly yes\n"
        )
        program = self.programs / "ssh"
        real = shutil.which("ssh")
        program.write_text(f'#!/bin/sh\nexec {real} -F {ssh}/config "$@"\n')
        program.chmod(0o755)


def make_key(file: Path) -> None:
    """Make a key for ssh, unless it is there."""
    if not file.exists():
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
        subprocess.run(make, check=True)
