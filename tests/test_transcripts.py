"""Every command as its user sees it, failures included: a page of the manual each.

`UPDATE_TRANSCRIPTS=1` in the environment writes them anew; then read the difference. What a command
says of a host that it reaches is in packages/fata/tests/deploy/box.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fata.cli.entry import VERBS, run
from fata.kernel import store
from functoria.testing import check
from tests.conftest import EXAMPLES, FATA

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))

VEILED = {
    r"\d+\.\d s: run": "N.N s: run",
    r"(initramfs|kernel|launch|main)-[0-9a-f]{16}": r"\1-XXXXXXXXXXXXXXXX",
    r"\b[0-9a-f]{64}\b": "X" * 64,
    r"files of \d+ modules": "files of N modules",
    r"\d+ modules, \d+ files": "N modules, N files",
    r"\(\d+ bytes\)": "(N bytes)",
    r"/\S*/dist/": "/.../dist/",
    r'File "/[^"]*/': 'File "/.../',
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z": "YYYY-MM-DD HH:MM:SS.NNNZ",
    r"CPython \S+ at [^\s\"]+": "CPython N.N.N at /.../python",
    r"\buv \d[^\n\"]*": "uv N.N.N",
    r"\d+\.\d GB free": "N.N GB free",
    r"in /\S*/cache/fata": "in /.../cache/fata",
    r"(do[\":]+ \"?)sudo apt": r"\1apt",
}

EXAMPLE = {"run": "hello", "trace": "hello"}
"""What a transcript is about; others are about the website."""
OF_ITS_OWN = {"completion", "run", "trace"}
"""Transcripts in which the command is a process of its own: it becomes another, or ends itself."""
COLD = {"doctor", "kernel", "lab"}
"""Transcripts with a cache of their own, in which there are two kernels, one of them damaged."""


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FATA_TARGET", "FATA_KERNEL"):
        monkeypatch.delenv(name, raising=False)
    example = EXAMPLE.get(path.stem, "website")
    ignored = shutil.ignore_patterns("_fata", "dist", "disks", "data", "__pycache__")
    shutil.copytree(EXAMPLES / example, tmp_path / example, ignore=ignored)
    equip(tmp_path)
    if path.stem in COLD:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        keep_kernels()
    fata = process if path.stem in OF_ITS_OWN else run
    check(path, tmp_path / example, {"fata": fata, "git": git}, VEILED)


def test_every_command_has_a_transcript() -> None:
    said = "\n".join(path.read_text() for path in TRANSCRIPTS)
    shown = [name for name, verb in VERBS.items() if not verb.hidden]
    assert [name for name in shown if f"fata {name}" not in said] == []


def process(arguments: list[str]) -> int:
    """The command as a process of its own."""
    return _told([FATA, *arguments])


def git(arguments: list[str]) -> int:
    return _told(["git", *arguments])


def _told(words: list[str]) -> int:
    done = subprocess.run(  # noqa: PLW1510 - the transcript has the code
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    sys.stdout.write(done.stdout)
    return done.returncode


PROGRAMS: Mapping[str, Mapping[str, str]] = {
    "nothing": {},
    "equipped": {
        "qemu-system-x86_64": "echo 'QEMU emulator version 7.2.22'",
        "strip": "echo 'GNU strip 2.40'",
        "git": "echo 'git version 2.39.5'",
        "ssh": "exit 255",
        "ssh-keygen": "exit 255",
        **dict.fromkeys(("make", "flex", "bison", "bc", "ld"), "exit 0"),
        "gcc": "echo 'gcc 12.2.0'",
    },
    "refused": {"ssh": "echo 'root@web1: Permission denied (publickey).' >&2; exit 255"},
}
"""Directories beside the project with what a machine has, for commands with `PATH=../NAME`."""


def equip(place: Path) -> None:
    for directory, programs in PROGRAMS.items():
        (place / directory).mkdir()
        for name, script in programs.items():
            program = place / directory / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)


def keep_kernels() -> None:
    """Have two kernels in the cache, which nobody could boot; a file of one is not whole."""
    for key in ("0123456789abcdef", "fedcba9876543210"):
        facts = store.Facts(
            provider="tiny",
            profile="xen",
            key=key,
            version="6.12.1-fata",
            package="linux-source-6.12",
            package_version="6.12.1-1",
            features={},
            image="vmlinux",
        )
        with store.making(store.cache_directory(), facts.directory, print) as scratch:
            (scratch / "entry").mkdir()
            (scratch / "entry" / "vmlinux").write_bytes(b"kernel" * 200_000)
            (scratch / "entry" / "config").write_text("# CONFIG_PCI is not set\n")
            store.publish(store.cache_directory(), scratch / "entry", facts)
    (store.cache_directory() / facts.directory / "vmlinux").write_bytes(b"")
