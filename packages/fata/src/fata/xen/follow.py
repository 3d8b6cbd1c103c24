"""Staying with a guest of Xen: its console, ctrl-C, and how it ended."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fata.disks import Plan
from fata.qemu.console import Lines, Reading
from fata.qemu.outcome import Outcome
from fata.xen.toolstack import Toolstack


@dataclass(frozen=True, slots=True)
class Session:
    """`Session(output, disks, console, report, show)` is one run, as the command line has it.

    `report` takes what is said of it, `show` what the guest prints; all of that is in `console`.
    """

    output: Path
    disks: tuple[Plan, ...]
    console: Path
    report: Callable[[str], None]
    show: Callable[[bytes], None]


def follow(toolstack: Toolstack, name: str, file: str, session: Session) -> Outcome:
    """`follow(toolstack, name, file, session)` starts a guest and is how it ended.

    `file` is its configuration on that host. Ctrl-C interrupts it, a second one ends it at once.
    Nothing of it is left.
    """
    try:
        return _followed(toolstack, name, file, session)
    finally:
        toolstack.destroy(name)


def _followed(toolstack: Toolstack, name: str, file: str, session: Session) -> Outcome:
    began = time.monotonic()
    reading, lines, interrupts = Reading(), Lines(), 0
    with (
        session.console.open("wb") as kept,
        subprocess.Popen(
            toolstack.runner.command(["xl", "create", "-q", "-c", file]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # ctrl-C is for us to pass on
        ) as child,
    ):
        if child.stdout is None:
            raise TypeError("a child without a pipe")
        while True:
            try:
                data = os.read(child.stdout.fileno(), 65536)
            except KeyboardInterrupt:
                interrupts += 1
                end = toolstack.shutdown if interrupts == 1 else toolstack.destroy
                end(name)
                continue
            if not data:
                break
            kept.write(data)
            session.show(data)
            for line in lines.feed(data):
                reading.line(line)
        for line in lines.end():
            reading.line(line)
        status = child.wait()
    seconds = time.monotonic() - began
    verdict = reading.verdict
    if verdict is not None:
        return Outcome(verdict.code, verdict.reason, session.console, seconds)
    reason = reading.diagnosis() or f"`xl create` ended with {status}: {reading.last or 'no word'}"
    return Outcome(None, reason, session.console, seconds, interrupted=interrupts > 0)
