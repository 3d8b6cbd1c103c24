"""The program in a git repository, as it is pushed to a host."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .client import Client
from .conftest import APP

_SETTINGS = """\
[pipeline]
test = [
  "python -m unittest -q",
  "sh -c 'id -un; grep -c : /proc/net/dev; ls -A ../../..'",
]

[environments.production]
branch = "main"
host = "{host}"
ports = ["8080:80"]
memory = "{memory}"

[environments.production.health]
successes = 2
interval = "0.2s"
deadline = "{deadline}"
"""
_TEST = """\
import unittest

import talker


class Tests(unittest.TestCase):
    def test_it_is_there(self) -> None:
        assert talker.main
"""


class Work:
    """A working copy of the program, and its user at the keyboard."""

    def __init__(self, directory: Path, room: Client) -> None:
        self.directory = directory
        self.room = room
        shutil.copytree(APP, directory, ignore=shutil.ignore_patterns("_fata", "dist", "__*"))
        (directory / "test_talker.py").write_text(_TEST)
        self.settings()
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def settings(self, deadline: str = "60s", memory: str = "64MiB") -> None:
        """Write fata.toml."""
        text = _SETTINGS.format(host=self.room.name, deadline=deadline, memory=memory)
        (self.directory / "fata.toml").write_text(text)

    def edit(self, old: str, new: str, file: str = "config.py") -> None:
        """Change a line."""
        path = self.directory / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def commit(self) -> str:
        """Commit all there is; the commit's name."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=change")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        """What git says, which has to succeed."""
        with self.start(*words) as child:
            out, _ = child.communicate(timeout=60)
        assert child.returncode == 0, out
        return out.strip()

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command of git's."""
        return subprocess.Popen(
            ("git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", *words),
            cwd=self.directory,
            env={**self.room.environment, "GIT_CONFIG_NOSYSTEM": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def push(self, *words: str) -> tuple[int, str]:
        """How `git push box main` ended, and what it said."""
        with self.start("push", self.room.name, *(words or ("main",))) as child:
            out, _ = child.communicate(timeout=600)
        return child.returncode, out

    def there(self, branch: str = "main") -> str:
        """Where a branch is on the host."""
        return self.git("ls-remote", self.room.name, f"refs/heads/{branch}").partition("\t")[0]
