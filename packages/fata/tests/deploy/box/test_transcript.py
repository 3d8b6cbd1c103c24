"""The commands about a host as their user sees them, from the first release to the last."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from functoria.testing import check

from .conftest import Project
from .room import FATA, Room

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("box")]

VEILED = {
    r"(?m)^  talker\.production\.g\d (cannot be reached|refused|did not answer)[^\n]*\n": "",
    r"answered 200 OK in \d\S* \w+": "answered 200 OK in N ms",
    r"its last answer: [^\n]*": "its last answer: ...",
    r"    \| PCI: [^\n]*\n": "",
    r"kernel `\w+` [^\n]*": "kernel `tiny` N.N.N-fata, from N.N.N",
    r"files of \d+ modules": "files of N modules",
    r"talker: \d[^\n]*": "talker: N MB (kernel N MB, root N MB of N files, N MB unpacked)",
    r"  shipping fata to box: [^\n]*\n(  \d+% [^\n]*\n)*": "",
    r"(  shipped [^\n]*\n)+": "  shipped N MB of N MB\n",
    r"load [\d.]+, \S+ GB of \S+ GB": "load N.N, N GB of N GB",
    r"(  g\d    )\d+ \w+ +(?=healthy)": r"\1N s    ",
    r"failed \d+ s ago": "failed N s ago",
    r"\d+\.\d s\b": "N.N s",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": "YYYY-MM-DD HH:MM:SS",
    r"\d{4}-\d\d-\d\d \d\d:\d\d ": "YYYY-MM-DD HH:MM ",
    r"SS\.\d{3}Z": "SS.NNNZ",
    r"10\.77\.0\.\d+": "10.77.0.N",
    r"\b[0-9a-f]{12}\b": "X" * 12,
    r"SHA256:\S{43}": "SHA256:" + "X" * 43,
    r"BY +IMAGE": "BY            IMAGE",
    r"\S+@\S+ +(?=X{12})": "user@machine  ",
    r"(staged by|UTC ) \S+@\S+": r"\1 user@machine",
}
"""Times, digests, addresses, what a machine is like; and how often a guest was asked too early."""


def test_transcript(room: Room, project: Project) -> None:
    def fata(arguments: list[str]) -> int:
        done = subprocess.run(  # noqa: PLW1510 - the transcript has the code
            [FATA, *arguments],
            env=room.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        sys.stdout.write(done.stdout)
        return done.returncode

    project.settings("--say=one")
    shutil.copy(room.home / ".ssh" / "id_ed25519.pub", project.directory)
    check(Path(__file__).with_name("transcript.txt"), project.directory, {"fata": fata}, VEILED)
