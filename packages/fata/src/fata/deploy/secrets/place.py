"""Where the disk of a guest's secrets is while it runs: in memory, where that is possible."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Set
from pathlib import Path

from fata.deploy.store.durable import reported
from functoria.action import own_temporary

_FILE = "secrets.img"
_ENTERED = 0o711


class Place:
    """`Place(directory)` keeps the disks, each in a directory of its guest's name.

    They are of mode 0400, in directories that only their owner lists; libvirt gives such a file to
    the user whom its QEMU runs as. In a directory of a tmpfs, as `runtime_directory` is, they
    never reach a disk of the host, apart from its swap.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def file(self, guest: str) -> Path:
        """`file(guest)` is where the disk of that guest is, or would be."""
        return self.directory / guest / _FILE

    def put(self, guest: str, disk: bytes) -> Path:
        """`put(guest, disk)` is the file with that disk; an earlier one of the guest is replaced.

        Raises `UserError`.
        """
        home = self.directory / guest
        file = home / _FILE
        with reported("the disk of the secrets cannot be made", file):
            for directory in (self.directory, home):
                directory.mkdir(parents=True, exist_ok=True)
                directory.chmod(_ENTERED)
            # Whoever starts the guest has the lease of its service.
            handle, temporary = own_temporary(file)
            try:
                with os.fdopen(handle, "wb") as out:
                    os.fchmod(handle, 0o400)
                    out.write(disk)
                temporary.replace(file)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        return file

    def remove(self, guest: str) -> None:
        """Remove the disk of that guest, which has ended; there may be none."""
        home = self.directory / guest
        with (
            reported("the disk of the secrets cannot be removed", home),
            contextlib.suppress(FileNotFoundError),
        ):
            for file in sorted(home.iterdir()):
                file.unlink(missing_ok=True)
            home.rmdir()

    def guests(self) -> tuple[str, ...]:
        """`guests()` is the names of the guests that have a disk, in order."""
        if not self.directory.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.directory.iterdir() if path.is_dir()))

    def keep(self, running: Set[str]) -> tuple[str, ...]:
        """`keep(running)` is the guests whose disks were removed: all that do not run."""
        ended = tuple(guest for guest in self.guests() if guest not in running)
        for guest in ended:
            self.remove(guest)
        return ended


def runtime_directory(root: Path) -> Path:
    """`runtime_directory(root)` is where the disks of the secrets of the host's guests belong.

    It is in `/run` for root, in the user's `XDG_RUNTIME_DIR` for others (both are tmpfs), and
    below `root` where there is neither.
    """
    if os.geteuid() == 0:
        return Path("/run/fata/secrets") if Path("/run").is_dir() else root / "run" / "secrets"
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = base.startswith("/") and os.access(base, os.W_OK | os.X_OK)
    return Path(base, "fata", "secrets") if usable else root / "run" / "secrets"
