"""A libvirt of its own for a test: the real daemon, which sees nothing of this machine's."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.namespaces import Lan

# A daemon for all users wants its user, and keeps its state in fixed places. Neither is this
# machine's business: it gets an empty /run and /var, and a list of users with one more. The shell
# stays, for it takes leave of processes that have lost their parents.
_SCRIPT = """\
set -eu
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var
mount -t tmpfs tmpfs /etc/libvirt
mkdir -p /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt/qemu
ln -s /run /var/run
cp "$1/qemu.conf" /etc/libvirt
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
virtlogd -d
libvirtd &
wait $!
"""
_CONF = """\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
"""


class Libvirt:
    """`qemu:///system` of a daemon in the network of `lan`."""

    def __init__(self, lan: Lan, directory: Path) -> None:
        self._directory = directory
        accounts = (("passwd", "libvirt-qemu:x:64055:64055::/:/bin/false\n"),
                    ("group", "libvirt-qemu:x:64055:\nkvm:x:64056:\n"))  # fmt: skip
        for name, more in accounts:
            (directory / name).write_text(Path("/etc", name).read_text() + more)
        (directory / "qemu.conf").write_text(_CONF)
        self.log = directory / "libvirtd.log"
        own = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*lan.inside, *own, "sh", "-c", _SCRIPT, "sh", str(directory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def virsh(self, *words: str, check: bool = True) -> str:
        """What `virsh` prints, run where the daemon is."""
        inside = ("nsenter", "-t", str(self._child()), "-a")
        done = subprocess.run(  # noqa: PLW1510 - the caller says
            [*inside, "virsh", "-q", "-c", "qemu:///system", *words],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert not check or done.returncode == 0, done.stderr + self.log.read_text()
        return done.stdout.strip()

    def wait(self) -> None:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(AssertionError, IndexError):
                self.virsh("list")
                return
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _child(self) -> int:
        """The first process in there."""
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@contextlib.contextmanager
def libvirt(lan: Lan, directory: Path) -> Iterator[Libvirt]:
    """`libvirt(lan, directory)` is a daemon there that is gone, with its guests, afterwards."""
    if os.geteuid() != 0:
        pytest.fail("libvirt's system daemon needs root: run the tests as root")
    made = Libvirt(lan, directory)
    try:
        made.wait()
        yield made
    finally:
        made.close()
