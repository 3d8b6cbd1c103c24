"""Whatever becomes of a run, nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fata.ci.guard import MARK, guarded

_RUN = """
import subprocess, sys, time
from fata.ci.guard import MARK, guarded
with guarded() as run:
    (run.directory / "locked").mkdir()
    (run.directory / "locked" / "file").write_text("x")
    (run.directory / "locked").chmod(0o500)
    sleeper = ["sh", "-c", "setsid sleep 1000 & exec sleep 1000"]
    subprocess.Popen(sleeper, env={"PATH": "/usr/bin:/bin", MARK: run.mark})
    print(run.directory, run.mark, flush=True)
    time.sleep(1000)
"""


def marked(mark: str) -> list[int]:
    words = f"{MARK}={mark}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if words in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def until(condition: object, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.02)
    assert condition()  # type: ignore[operator]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_killed(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _RUN], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        directory, mark = run.stdout.readline().split()
        until(lambda: len(marked(mark)) == 2)
        os.kill(run.pid, number)
    until(lambda: not Path(directory).exists())
    assert marked(mark) == []


def test_a_run_that_ends_by_itself_takes_its_processes_along() -> None:
    with guarded() as run:
        words = ["setsid", "--fork", "sleep", "1000"]
        subprocess.run(words, env={**os.environ, MARK: run.mark}, check=True)
        until(lambda: len(marked(run.mark)) == 1)
    assert marked(run.mark) == []
    assert not run.directory.exists()


def test_what_is_to_be_kept_is_kept() -> None:
    with guarded(keep=True) as run:
        (run.directory / "file").write_text("x")
    assert (run.directory / "file").read_text() == "x"
    (run.directory / "file").unlink()
    run.directory.rmdir()
