"""Where a lab lies: one directory per name, readable by its owner only."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fata.cache import cache_directory
from functoria.error import UsageError, UserError

DEFAULT = "default"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Place:
    """`Place(name)` is the directory of the lab `name` and what lies in it.

    Raises `UsageError` for a name that is none.
    """

    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"`{self.name}` cannot be the name of a lab",
                "--name",
                "use at most 32 lower-case letters, digits and dashes, a dash not first",
            )

    @property
    def directory(self) -> Path:
        """The lab's directory, whether it exists or not."""
        return labs() / self.name

    @property
    def console(self) -> Path:
        """What Xen and the control domain said since the last start."""
        return self.directory / "console.log"

    @property
    def complaints(self) -> Path:
        """What QEMU said since the last start."""
        return self.directory / "qemu.log"

    @property
    def key(self) -> Path:
        """The private key that opens the lab; its public part is beside it."""
        return self.directory / "id_ed25519"

    @property
    def host_key(self) -> Path:
        """The private key by which the lab is known."""
        return self.directory / "host_ed25519"

    @property
    def shared(self) -> Path:
        """The socket of a connection to the lab that commands share."""
        return self.directory / "ssh"

    @property
    def ssh_config(self) -> Path:
        """All that ssh must know to reach the lab, which is the host `lab` in it."""
        return self.directory / "ssh_config"

    @property
    def exchange(self) -> Path:
        """A disk that the lab reads, by which files come into it."""
        return self.directory / "exchange"

    @property
    def disk(self) -> Path:
        """The control domain's own disk, a new one for each start."""
        return self.directory / "disk"

    @property
    def initramfs(self) -> Path:
        """The control domain's file tree with the keys of this lab."""
        return self.directory / "dom0.cpio"


def labs() -> Path:
    """`labs()` is the directory of all labs."""
    return cache_directory() / "labs"


def names() -> tuple[str, ...]:
    """`names()` is the names of the labs that have a directory, sorted."""
    found = (path.name for path in labs().glob("*") if path.is_dir())
    return tuple(sorted(name for name in found if _NAME.fullmatch(name)))


@contextmanager
def locked(place: Place, report: Callable[[str], None]) -> Iterator[None]:
    """`locked(place, report)` makes the directory and keeps others from changing the lab."""
    with disk_errors(place.directory):
        place.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Beside the directory: whoever removes the lab still holds the lock.
        lock = (labs() / f".{place.name}.lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for another command that works on the lab `{place.name}`")
            fcntl.flock(lock, fcntl.LOCK_EX)
        place.directory.mkdir(exist_ok=True, mode=0o700)
        yield


def is_locked(place: Place) -> bool:
    """Whether a command is working on the lab at this moment."""
    try:
        with (labs() / f".{place.name}.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """`write(path, content, mode)` replaces a file as a whole, or leaves it as it was."""
    with disk_errors(path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)
                file.write(content)
                file.flush()
                os.fsync(handle)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """The errors of a disk that is full or not ours to write, as `UserError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_room(path) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise UserError(
                f"the lab's files cannot be written: {(error.strerror or '').lower()}",
                str(error.filename or path),
                "make the directory writable for you, or set XDG_CACHE_HOME to one of yours",
            ) from error
        raise


def no_room(path: Path) -> UserError:
    """The error for a disk without room for what a lab needs."""
    return UserError(
        "the disk has no room for a Xen host",
        str(path),
        "make 1 GB of room there, or set XDG_CACHE_HOME to a directory with more",
    )
