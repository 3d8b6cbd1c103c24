"""Ctrl-C at any moment of a run: the exit code is 130, soon, and no traceback is shown."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from fata.qemu.supervise import GRACE
from tests.conftest import FATA, MakeProject, Project

pytestmark = pytest.mark.e2e

CONFIG = """from fata.dsl import main, register

register("job", main("job:start"))
"""
CTRL_C = b"\x03"
LIMIT = 30.0
PYTHONS_OWN = (
    "<frozen site>",
    "Fatal Python error",
    "Failed checking if argv[0]",  # it tells of the interrupt, and goes on
    "failed to set __main__.__loader__",
    '/fata", line',
)
"""What only the start of Python says, which no program can change."""

FIRST, LAST, STEPS = 0.1, 3.0, 20
"""Seconds after the start of the command; a guest is emulated, and is up after about two."""


@dataclass(frozen=True)
class Ended:
    """How a run ended that somebody interrupted: its exit code, what it said, in which time."""

    code: int
    text: str
    seconds: float

    @property
    def too_early(self) -> bool:
        """Whether this machine was so busy that Python itself had not begun, or not found us."""
        killed = self.code == -signal.SIGINT and not self.text.replace("^C", "").strip()
        return killed or any(words in self.text for words in PYTHONS_OWN)


def typed(directory: Path, moments: tuple[float, ...], *arguments: str) -> Ended:
    """`fata run` on a terminal of its own, on which ctrl-C is typed at these moments."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [FATA, "run", *arguments],
        cwd=directory,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    os.close(theirs)
    began = time.monotonic()
    for moment in moments:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        os.write(ours, CTRL_C)
    asked = time.monotonic()
    text = said(ours)
    seconds = time.monotonic() - asked
    with contextlib.suppress(subprocess.TimeoutExpired):
        return Ended(process.wait(5), text, seconds)
    process.kill()
    return Ended(process.wait(), text, seconds)


def said(terminal: int) -> str:
    """All that is written to the terminal until nobody has it open any more."""
    data = b""
    deadline = time.monotonic() + LIMIT
    while select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            data += os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
    os.close(terminal)
    return data.decode(errors="replace")


def moments() -> list[float]:
    return [FIRST + (LAST - FIRST) * step / (STEPS - 1) for step in range(STEPS)]


def check(ended: Ended) -> None:
    if ended.too_early:
        return
    assert "Traceback" not in ended.text, ended.text
    assert ended.code == 130, ended.text
    assert ended.seconds < GRACE, ended.text


@pytest.mark.timeout(400)
def test_ctrl_c_while_a_vm_starts(project: MakeProject) -> None:
    """It is not lost on a guest that does not listen yet: either it hears, or it is ended."""
    website = project("website").built()
    found = [typed(website.directory, (moment,)) for moment in moments()]
    for ended in found:
        check(ended)
    assert any("interrupted: before its program began" in ended.text for ended in found)


def sleeper(project: Project, target: str) -> Project:
    project.write("config.py", CONFIG)
    project.write("job.py", "import asyncio\n\nasync def start():\n    await asyncio.sleep(600)\n")
    return project.built("-t", target)


def test_ctrl_c_while_a_process_starts(project: MakeProject) -> None:
    job = sleeper(project(), "unix")
    for step in range(16):
        check(typed(job.directory, (0.06 + step * 0.03,)))


@pytest.mark.parametrize("pause", [0.01, 0.1])
@pytest.mark.parametrize("target", ["virtio", "unix"])
def test_a_second_ctrl_c_changes_nothing_about_the_exit_code(
    project: MakeProject, target: str, pause: float
) -> None:
    job = sleeper(project(), target)
    for first in (0.4, 1.4, 2.4):
        check(typed(job.directory, (first, first + pause)))
