"""A fresh Debian machine, emulated, and the user's own ssh that reaches it as `debian`."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fata.cache import key_of, key_of_file
from fata.qemu.qmp import Qmp

from .debian import fresh_debian

CPU = "max,-smap,-rdtscp,-monitor"
"""What is left out is what the emulator does wrongly beneath Xen."""
QEMU = "qemu-system-x86_64"
START_SECONDS, RESUME_SECONDS, SAVE_SECONDS = 600, 60, 120
_QUIETLY = ("-o", "BatchMode=yes")
_LOGS = ("qemu.log", "serial.log")


class Done(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class Machine:
    """A running machine; `room` has its serial console, and the configuration of ssh."""

    def __init__(self, room: Path, port: int, made: Path, process: subprocess.Popen[bytes]) -> None:
        self.room = room
        self._process = process
        self._port = port
        self.key = made / "id"
        programs = room / "bin"
        programs.mkdir(exist_ok=True)
        for name in ("ssh", "scp"):
            text = f'#!/bin/sh\nexec /usr/bin/{name} -F {room}/config "$@"\n'
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self._path = f"{programs}:{os.environ['PATH']}"
        self.host_key = " ".join((made / "host_key.pub").read_text().split()[:2])
        self.knows(self.host_key)
        self.configure(self.key)

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
        (self.room / "config").write_text("Host debian box\n" + "".join(lines))

    def knows(self, host_key: str) -> None:
        """Write the host key that the user knows the machine by; none, if it is empty."""
        line = f"debian {host_key}\n" if host_key else ""
        (self.room / "known_hosts").write_text(line)

    def fata(self, *words: str, directory: Path | None = None) -> Done:
        """Run `fata` as its user would."""
        return self.run("fata", *words, directory=directory)

    def run(self, *words: str, directory: Path | None = None) -> Done:
        """Run a command on the user's machine; ours are those of this Python."""
        if words[0] in {"fata", "xlcfg"}:
            script = f"from {words[0]}.cli import main; main()"
            words = (sys.executable, "-c", script, *words[1:])
        return self._run(*words, directory=directory)

    def ssh(self, command: str) -> Done:
        """Run a command on the machine, as its user."""
        return self._run("ssh", *_QUIETLY, "-o", "ConnectTimeout=30", "debian", command)

    def comes(self, seconds: float) -> bool:
        """Whether the machine lets its user in, within so many seconds."""
        deadline = time.monotonic() + seconds
        # A connection that is made too early would wait for an answer for long.
        while self._run("ssh", "-o", "ConnectTimeout=3", *_QUIETLY, "debian", "true").code != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.3)
        return True

    def said(self) -> str:
        """What QEMU and the machine's serial console said last."""
        texts = ((self.room / name).read_text(errors="replace") for name in _LOGS)
        return "\n".join(text[-2000:] for text in texts)

    def _run(self, *command: str, directory: Path | None = None) -> Done:
        done = subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": self._path, "NO_COLOR": "1"},
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def running(room: Path, release: str = "") -> Iterator[Machine]:
    """`running(room)` is the machine while the block runs; its disk forgets all afterwards.

    It goes on from where an earlier one had just started, if that was kept and can be used.
    """
    made = fresh_debian(release)
    kept = made / f"started-{key_of(_qemu(), *_command(Path(), Path(), 0))[:16]}"
    disk = room / "disk.raw"
    with contextlib.ExitStack() as undo:
        undo.callback(disk.unlink, missing_ok=True)
        machine = None
        if kept.is_dir():
            _copy(kept / disk.name, disk)
            machine = undo.enter_context(_started(room, made, kept / "state"))
            if not machine.comes(RESUME_SECONDS):
                undo.close()
                shutil.rmtree(kept)
                machine = None
        if machine is None:
            _copy(made / disk.name, disk)
            machine = undo.enter_context(_started(room, made, None))
            assert machine.comes(START_SECONDS), machine.said()
            _keep(room, kept)
        machine.ssh(f"sudo date -s @{time.time():.0f}")
        yield machine


@contextlib.contextmanager
def _started(room: Path, made: Path, state: Path | None) -> Iterator[Machine]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (room / "serial.log").touch()
    (room / "qmp").unlink(missing_ok=True)
    incoming = () if state is None else ("-incoming", f"exec:cat {state}")
    with (room / "qemu.log").open("wb") as log:
        command = (*_command(made, room, port), *incoming)
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield Machine(room, port, made, child)
    finally:
        child.kill()
        child.wait()


def _keep(room: Path, kept: Path) -> None:
    """Keep the machine as it is now, so that the next one goes on from here."""
    with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
        new = Path(scratch, "new")
        new.mkdir()
        with Qmp.connect(room / "qmp") as qmp:
            qmp.execute("migrate-set-parameters", {"max-bandwidth": 1 << 40})
            qmp.execute("migrate", {"uri": f"exec:cat >{new}/state"})
            deadline = time.monotonic() + SAVE_SECONDS
            while (status := qmp.status()) != "postmigrate":
                assert time.monotonic() < deadline, status
                time.sleep(0.2)
            _copy(room / "disk.raw", new / "disk.raw")
            qmp.resume()
        new.rename(kept)


def _copy(source: Path, target: Path) -> None:
    """Copy a disk, of which most is empty."""
    subprocess.run(("cp", "--sparse=always", "--reflink=auto", source, target), check=True)


def _qemu() -> str:
    """Which QEMU: another could read a state as something else."""
    return key_of_file("1", Path(shutil.which(QEMU) or "").resolve())


def _command(made: Path, room: Path, port: int) -> tuple[str, ...]:
    def disk(name: str, drive: str, slot: int) -> tuple[str, ...]:
        device = f"virtio-blk-pci,drive={name},addr={slot}"
        return "-drive", f"{drive},if=none,id={name}", "-device", device

    return (
        *("setpriv", "--pdeathsig", "KILL", QEMU, "-nodefaults"),
        *("-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", CPU),
        *("-m", "2048", "-display", "none", "-device", "VGA"),
        *("-serial", f"file:{room}/serial.log", "-qmp", f"unix:{room}/qmp,server=on,wait=off"),
        *disk("root", f"file={room}/disk.raw,format=raw,cache=unsafe", 3),
        *disk("packages", f"file={made}/packages.raw,format=raw,readonly=on", 4),
        *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-device", "virtio-net-pci,netdev=net,romfile=,addr=2", "-device", "virtio-rng-pci"),
    )
