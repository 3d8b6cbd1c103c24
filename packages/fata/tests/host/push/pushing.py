"""A user who pushes, with the real git, to a host that is this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from fata.host.push import prepare

RECEIVE = Path(__file__).with_name("hook.py")


class Done(NamedTuple):
    """How a push ended, and what the user saw of the host."""

    code: int
    said: list[str]


class Pusher:
    """`Pusher(room)` has a working copy, and a repository of `app` on the host."""

    def __init__(self, room: Path, app: str = "app") -> None:
        self.root = room / "root"
        self.work = room / "work"
        for name in ("build", "repositories"):
            (self.root / name).mkdir(parents=True)
        self.work.mkdir()
        self.environment = {
            **os.environ,
            "HOME": str(room),
            "GIT_CONFIG_NOSYSTEM": "1",
            "ROOT": str(self.root),
            **{
                f"GIT_{who}_{what}": "a"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }
        launcher = (sys.executable, str(RECEIVE))
        self.repository = prepare(self.root, app, launcher)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "box", str(self.repository))

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ("git", *words), cwd=self.work, env=self.environment,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        """Write files, whose dots are `_` here, and commit; the commit's name."""
        for name, text in files.items():
            path = self.work / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        return self.git("rev-parse", "HEAD")

    def start(self, *refs: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ("git", "push", "--quiet", "box", *(refs or ("main",))), cwd=self.work,
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def push(self, *refs: str) -> Done:
        with self.start(*refs) as child:
            return ended(child)

    def head(self, ref: str = "main") -> str:
        """Where a branch of the host's repository is; empty if it is not there."""
        command = ("git", "rev-parse", "--verify", "--quiet", f"refs/heads/{ref}")
        done = subprocess.run(
            command, cwd=self.repository, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    @property
    def deployed(self) -> list[str]:
        """What was given to `deploy`, a line for each."""
        log = self.root / "deployed"
        return log.read_text().splitlines() if log.exists() else []


def ended(child: subprocess.Popen[str]) -> Done:
    said, _ = child.communicate()
    return Done(
        child.returncode, [line.removeprefix("remote: ").rstrip() for line in said.splitlines()]
    )
