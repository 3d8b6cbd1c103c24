"""A page that is a story: its commands run as they stand there, one after the other."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fata.qemu.wait import wait_http

ROOT = Path(__file__).resolve().parent.parent
PORT = 18490
"""What stands for the 8080 of a page, which something else on this machine may have."""
_BLOCK = re.compile(r"^```(sh|toml|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = {"toml": "fata.toml", "python": "test_website.py"}


@dataclass
class Story:
    """`Story(directory, programs, environment)` is told in that directory.

    `programs` is a directory of programs that stand before those of this machine, such as an `ssh`
    that knows the host. `instead` has text of the page and what is there in its place; commands
    that begin with a text of `without` are left out; `after` has what is done after a command.
    """

    directory: Path
    programs: Path
    environment: dict[str, str] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    after: dict[str, Callable[[], None]] = field(default_factory=dict)
    seconds: float = 600.0
    said: list[tuple[str, str]] = field(default_factory=list)
    took: list[tuple[str, float]] = field(default_factory=list)

    def tell(self, page: str) -> None:
        """Carry the page out."""
        for language, block in _BLOCK.findall((ROOT / page).read_text()):
            for old, new in self.instead.items():
                block = block.replace(old, new)  # noqa: PLW2901 - the page as it is here
            if language != "sh":
                if "driver =" in block:
                    continue  # it is the host's
                (self.directory / _FILE[language]).write_text(block)
                continue
            for line in block.splitlines():
                if not line.startswith(self.without):
                    self._run(line)

    def answers(self, command: str) -> list[str]:
        """What a command said, each time."""
        return [out for line, out in self.said if line == command]

    def comes_true(self) -> None:
        """Whether what `docs/end-to-end.md` says of its commands is so."""
        answers = self.answers("curl http://box/")
        pages = [answer.split("<h1>")[1].split("</h1>")[0] for answer in answers]
        assert pages == ["hello", "hello from box", "hello from box", "hello"]
        (ci,) = self.answers("fata ci run")
        assert "every stage passed" in ci
        (refused,) = self.answers("! git push box main")
        assert "'<h1>' not found" in refused
        assert "remote rejected" in refused
        (history,) = self.answers("fata history")
        stages = dict(re.findall(r"^g([0-9]+) +([a-z]+) ", history, re.MULTILINE))
        assert stages == {"3": "live", "2": "retired", "1": "retired"}

    def _run(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        fails = words[0] == "!"
        words = words[int(fails) :]
        if words[0] == "cd":
            self.directory /= words[1]
        elif words[:2] == ["fata", "run"]:
            self._see(words)
        else:
            began = time.monotonic()
            done = subprocess.run(
                words,
                cwd=self.directory,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=self.seconds,
                check=False,
            )
            assert (done.returncode != 0) is fails, f"{line}\n{done.stdout}"
            self.said.append((line, done.stdout))
            self.took.append((line, round(time.monotonic() - began, 1)))
            self.after.get(line, lambda: None)()

    def _see(self, words: list[str]) -> None:
        """Run it, look at the page that it serves, and press ctrl-C."""
        words = [word.replace("8080", str(PORT)) for word in words]
        child = subprocess.Popen(
            words,
            cwd=self.directory,
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert wait_http(PORT, "/", self.seconds).status == 200
            child.send_signal(signal.SIGINT)
            assert child.wait(60) == 130
        finally:
            child.kill()
            child.wait()

    def _variables(self) -> dict[str, str]:
        who = {f"GIT_{role}_{what}": "ann@example.com" for role in ("AUTHOR", "COMMITTER")
               for what in ("NAME", "EMAIL")}  # fmt: skip
        path = f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**os.environ, **self.environment, **who, "PATH": path, "NO_COLOR": "1"}
