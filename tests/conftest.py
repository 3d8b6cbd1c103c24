"""What end-to-end tests share: projects in directories of their own, and the real command."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from fata.lab import Lab
from tests import dom0

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
FATA = str(Path(sys.executable).parent / "fata")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails on a Xen host shows the state of that, as it is before it ends."""
    report = yield
    host = getattr(item, "funcargs", {}).get("host")
    if report.when == "call" and report.failed and isinstance(host, Lab):
        report.sections.append(("Xen host", dom0.state(host)))
    return report


@dataclass(frozen=True)
class Result:
    """What one call of the command did."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A directory with a configuration, and the command run in it, for `limit` seconds at most."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)
    limit: float = 280

    def fata(self, *arguments: str, **environment: str) -> Result:
        done = subprocess.run(  # noqa: PLW1510 - the test looks at the code
            [FATA, *arguments],
            cwd=self.directory,
            env={**os.environ, **self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=560,
            stdin=subprocess.DEVNULL,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str, **environment: str) -> Result:
        result = self.fata(*arguments, **environment)
        assert result.code == 0, result.err + result.out
        return result

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def built(self, *keys: str) -> Project:
        """Configured and built, for the target virtio unless the keys say otherwise."""
        target = () if "-t" in keys else ("-t", "virtio")
        self.ok("configure", *target, *keys)
        self.ok("build")
        return self

    @property
    def output(self) -> Path:
        (found,) = (path.parent for path in self.directory.glob("dist/*/manifest.json"))
        return found


class MakeProject(Protocol):
    """`project("website")` is a copy of that example; `project()` an empty directory."""

    def __call__(self, example: str | None = None) -> Project: ...


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> MakeProject:
    mark = request.node.get_closest_marker("timeout")
    # What a command has said is told if it ends before the test does.
    limit = mark.args[0] - 20 if mark else 280

    def make(example: str | None = None) -> Project:
        directory = tmp_path / (example or "project")
        if example is None:
            directory.mkdir()
        else:
            ignored = shutil.ignore_patterns("_fata", "dist", "disks", "data", "__pycache__")
            shutil.copytree(EXAMPLES / example, directory, ignore=ignored)
        return Project(directory, limit=limit)

    return make


class Running:
    """`fata run` as a process of its own, with what it has said so far in files.

    `prefix` is what it is run by, such as `("ip", "netns", "exec", "lan")`.
    """

    def __init__(self, project: Project, *arguments: str, prefix: tuple[str, ...] = ()) -> None:
        self.out = project.directory / "run.out"
        self.err = project.directory / "run.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [*prefix, FATA, "run", *arguments],
                cwd=project.directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def said(self, pattern: str, seconds: float = 240) -> re.Match[str]:
        """Wait until the run has said something, and give what matched."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = self.text
            if found := re.search(pattern, text):
                return found
            if self.process.poll() is not None and not re.search(pattern, self.text):
                break
            time.sleep(0.05)
        raise AssertionError(f"`{pattern}` was not said:\n{self.text}")

    @property
    def text(self) -> str:
        return self.out.read_text(errors="replace") + self.err.read_text(errors="replace")

    def port(self, guest: int) -> int:
        return int(self.said(rf"127\.0\.0\.1:(\d+) leads to port {guest}/tcp")[1])

    @property
    def children(self) -> list[int]:
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in listing.read_text().split()]

    def interrupt(self) -> int:
        """Ctrl-C; the exit code is the result."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class StartRun(Protocol):
    """`running(project, ...)` is `fata run ...` in the background, ended with the test."""

    def __call__(
        self, project: Project, *arguments: str, prefix: tuple[str, ...] = ()
    ) -> Running: ...


@pytest.fixture
def running() -> Iterator[StartRun]:
    started: list[Running] = []

    def start(project: Project, *arguments: str, prefix: tuple[str, ...] = ()) -> Running:
        started.append(Running(project, *arguments, prefix=prefix))
        return started[-1]

    yield start
    for run in started:
        run.end()


def alive(pid: int) -> bool:
    """Whether the process is there and not a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def gone(pid: int, seconds: float = 60) -> bool:
    """Whether the process ends within the time."""
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)
