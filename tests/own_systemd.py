"""A real systemd, which is the first process of namespaces of its own, for root."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs a systemd of its own")

TARGETS = ("basic", "sysinit", "shutdown", "sockets", "paths", "slices", "timers", "default")

# It sees none of this machine's units, and its own are targets without anything in them, and the
# bus by which `systemd-run --wait` speaks to it.
_SCRIPT = """\
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/systemd
for directory in system-generators system-environment-generators; do
    [ ! -d /lib/systemd/$directory ] || mount -t tmpfs tmpfs /lib/systemd/$directory
done
mkdir /run/units
cp /lib/systemd/system/dbus.service /lib/systemd/system/dbus.socket /run/units
mount -t tmpfs tmpfs /lib/systemd/system
cp /run/units/* /lib/systemd/system
for target in "$@"; do
    printf '[Unit]\\nDefaultDependencies=no\\n' >/lib/systemd/system/$target.target
done
container=fata exec /lib/systemd/systemd --system --unit=default.target
"""
_INSIDE = '#!/bin/sh\nexec nsenter -t {pid} -m -p {program} "$@"\n'


def _groups() -> set[Path]:
    """The groups that a systemd makes."""
    names = ("init.scope", "fata.slice", "system.slice", "user.slice")
    return {path for name in names for path in Path("/sys/fs/cgroup").glob(f"*/{name}")}


@contextlib.contextmanager
def own_systemd(directory: Path) -> Iterator[Path]:
    """A directory, made there, with the commands that speak to it while the block runs."""
    before = _groups()
    own = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    process = subprocess.Popen([*own, "sh", "-c", _SCRIPT, "sh", *TARGETS])
    programs = directory / "bin"
    programs.mkdir()
    try:
        first = _child(process.pid)
        for program in ("systemd-run", "systemctl"):
            path = programs / program
            path.write_text(_INSIDE.format(pid=first, program=shutil.which(program)))
            path.chmod(0o755)
        deadline = time.monotonic() + 120
        while not _answers(programs / "systemctl"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield programs
    finally:
        process.kill()
        process.wait()
        deadline = time.monotonic() + 120
        while left := sorted(_groups() - before):
            assert time.monotonic() < deadline, left
            for path in left:
                for folder in sorted((path, *path.glob("**/")), reverse=True):
                    with contextlib.suppress(OSError):
                        folder.rmdir()


def _answers(systemctl: Path) -> bool:
    words = [systemctl, "start", "dbus.service"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _child(pid: int) -> int:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if words:
            return int(words[0])
        time.sleep(0.05)
    raise AssertionError("it has not started")
