"""A fresh Debian machine, emulated, and the user's own ssh that reaches it as `debian`."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .debian import fresh_debian

CPU = "max,-smap,-rdtscp,-monitor"
"""What is left out is what the emulator does wrongly beneath Xen."""
START_SECONDS = 600
_LOGS = ("qemu.log", "serial.log")


class Done(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class Machine:
    """A running machine; `room` has its serial console, and the configuration of ssh."""

    def __init__(self, room: Path, port: int, made: Path) -> None:
        self.room = room
        self._port = port
        self._key = made / "id"
        programs = room / "bin"
        programs.mkdir()
        (programs / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {room}/config "$@"\n')
        (programs / "ssh").chmod(0o755)
        self._path = f"{programs}:{os.environ['PATH']}"
        self.host_key = " ".join((made / "host_key.pub").read_text().split()[:2])
        self.knows(self.host_key)
        self.configure(self._key)

    def configure(self, key: Path) -> None:
        """Write what the user's ~/.ssh/config would say."""
        options = {
            "HostName": "127.0.0.1",
            "Port": str(self._port),
            "User": "admin",
            "HostKeyAlias": "debian",
            "UserKnownHostsFile": str(self.room / "known_hosts"),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentityFile": str(key),
            "IdentitiesOnly": "yes",
        }
        lines = (f"    {name} {value}\n" for name, value in options.items())
        (self.room / "config").write_text("Host debian\n" + "".join(lines))

    def knows(self, host_key: str) -> None:
        """Write the host key that the user knows the machine by; none, if it is empty."""
        line = f"debian {host_key}\n" if host_key else ""
        (self.room / "known_hosts").write_text(line)

    def fata(self, *words: str) -> Done:
        """Run `fata` as its user would."""
        return self._run(sys.executable, "-c", "from fata.cli import main; main()", *words)

    def ssh(self, command: str) -> Done:
        """Run a command on the machine, as its user."""
        return self._run("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "debian", command)

    def wait(self) -> None:
        """Wait until the machine lets its user in."""
        deadline = time.monotonic() + START_SECONDS
        while self.ssh("true").code != 0:
            said = [(self.room / name).read_text(errors="replace") for name in _LOGS]
            assert time.monotonic() < deadline, "\n".join(text[-2000:] for text in said)
            time.sleep(1)

    def _run(self, *command: str) -> Done:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": self._path, "NO_COLOR": "1"},
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def running(room: Path) -> Iterator[Machine]:
    """`running(room)` is the machine while the block runs; its disk forgets all afterwards."""
    made = fresh_debian()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (room / "serial.log").touch()
    with (room / "qemu.log").open("wb") as log:
        child = subprocess.Popen(
            _command(made, room, port), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        machine = Machine(room, port, made)
        machine.wait()
        yield machine
    finally:
        child.kill()
        child.wait()


def _command(made: Path, room: Path, port: int) -> tuple[str, ...]:
    def disk(name: str, file: Path, options: str, slot: int) -> tuple[str, ...]:
        drive = f"file={file},if=none,id={name},format=raw,{options}"
        return "-drive", drive, "-device", f"virtio-blk-pci,drive={name},addr={slot}"

    return (
        *("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults"),
        *("-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", CPU),
        *("-m", "2048", "-display", "none", "-device", "VGA"),
        *("-serial", f"file:{room}/serial.log"),
        *disk("root", made / "disk.raw", "snapshot=on,cache=unsafe", 3),
        *disk("packages", made / "packages.raw", "readonly=on", 4),
        *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-device", "virtio-net-pci,netdev=net,romfile=,addr=2", "-device", "virtio-rng-pci"),
    )
