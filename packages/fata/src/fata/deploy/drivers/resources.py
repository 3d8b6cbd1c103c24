"""What a guest's QEMU inherits open: its image, its disks, its interfaces and its console."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.drivers.arguments import Descriptors
from fata.deploy.drivers.spec import Disk, GuestSpec
from fata.deploy.drivers.tap import open_tap
from functoria.error import UserError

QMP = "qmp"
"""The socket in the directory on which QEMU is asked for its statistics."""


@dataclass(frozen=True, slots=True)
class Resources:
    """`Resources(descriptors, console, theirs)`: what QEMU gets, and our end of its console.

    `theirs` is closed by `close_theirs` once QEMU has inherited it. The disks stay open, since
    they are locked for as long as they are.
    """

    descriptors: Descriptors
    console: socket.socket
    theirs: contextlib.ExitStack

    def close_theirs(self) -> None:
        """Close our copies, so that the end of QEMU is the end of them."""
        self.theirs.close()


@contextlib.contextmanager
def opened(spec: GuestSpec) -> Iterator[Resources]:
    """`opened(spec)` is everything open. Raises `UserError`, and `OSError` for what is missing."""
    with contextlib.ExitStack() as held, contextlib.ExitStack() as theirs:
        ours, console = socket.socketpair()
        held.enter_context(ours)
        theirs.enter_context(console)
        ours.setblocking(False)
        taps = []
        for position, nic in enumerate(spec.nics):
            if nic.bridge is not None:
                tap = open_tap(spec.directory, position, nic.bridge)
                theirs.callback(os.close, tap)
                taps.append((position, tap))
        descriptors = Descriptors(
            console=console.fileno(),
            qmp=theirs.enter_context(listening(spec.directory)).fileno(),
            kernel=_open(spec.kernel, theirs),
            initramfs=None if spec.initramfs is None else _open(spec.initramfs, theirs),
            disks=tuple(_open_disk(disk, held) for disk in spec.disks),
            taps=tuple(taps),
        )
        yield Resources(descriptors, ours, theirs)


def listening(directory: Path) -> socket.socket:
    """`listening(directory)` is the monitor's socket, whatever the length of its path."""
    (directory / QMP).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        with short(directory) as folder:
            listener.bind(str(folder / QMP))
        listener.listen(4)
    except BaseException:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def short(directory: Path) -> Iterator[Path]:
    """A short name for a directory, since the names of sockets are short (unix(7))."""
    descriptor = os.open(directory, os.O_PATH | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _open(path: Path, stack: contextlib.ExitStack) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor


def _open_disk(disk: Disk, stack: contextlib.ExitStack) -> int:
    flags = os.O_RDONLY if disk.read_only else os.O_RDWR
    descriptor = os.open(disk.path, flags | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    try:
        fcntl.flock(
            descriptor, (fcntl.LOCK_SH if disk.read_only else fcntl.LOCK_EX) | fcntl.LOCK_NB
        )
    except BlockingIOError:
        raise UserError(
            f"the disk `{disk.name}` is in use by another guest or program",
            str(disk.path),
            "stop that first: what writes to a volume cannot run twice",
        ) from None
    return descriptor
