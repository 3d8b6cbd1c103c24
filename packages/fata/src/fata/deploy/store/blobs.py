"""The files of a host's images, each under the sha256 of its content."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from fata.deploy.store import durable
from fata.deploy.store.item import Item, check_digest
from functoria import UserError
from functoria.action import write_file

BLOBS = "blobs"
INCOMING = "incoming"
PART = ".part"
MODE = 0o444

RESERVE = 32 << 20
"""Bytes that arriving files leave free, so that the host can still write its records."""

_AGAIN = "run `fata deploy` again: it ships what is missing or damaged"


class Blobs:
    """`Blobs(directory)` is the store below it: `blobs/DIGEST`, and `incoming/` for what arrives.

    A file in `blobs/` was whole and right when it was put there, and is never written again; that
    it still is, `verify` tells.
    """

    def __init__(self, directory: Path, reserve: int = RESERVE) -> None:
        self.directory = directory
        self.reserve = reserve

    @property
    def incoming(self) -> Path:
        """Where files are while they arrive."""
        return self.directory / INCOMING

    def make(self) -> None:
        """Make the directories, where they are not there yet."""
        with durable.reported("the store cannot be made", self.directory):
            for directory in (self.directory / BLOBS, self.incoming):
                directory.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        """`path(digest)` is where that file is, or would be. Raises `UserError`."""
        check_digest(digest)
        return self.directory / BLOBS / digest

    def verify(self, item: Item) -> Path:
        """`verify(item)` is the path of the file, which was read whole and is right.

        Raises `UserError` that names the file where it is missing or a byte of it has changed.
        """
        path = self.path(item.digest)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise UserError(f"`{item.name}` is not in the store", str(path), _AGAIN) from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UserError(
                f"`{item.name}` cannot be read: {reason}", str(path), "look at the host's disk"
            ) from None
        if found != item.digest or size != item.size:
            raise UserError(
                f"`{item.name}` has changed since it arrived: its sha256 is {found}, and should "
                f"be {item.digest}",
                str(path),
                f"find out what writes there; {_AGAIN}",
            )
        return path

    def put(self, content: bytes, name: str) -> Item:
        """`put(content, name)` is the item of that content, which is now in the store."""
        item = Item(hashlib.sha256(content).hexdigest(), len(content), name)
        self.make()
        if self.keep(item):
            return item
        with durable.reported(f"`{name}` cannot be stored", self.path(item.digest)):
            write_file(self.path(item.digest), content, MODE)
        return item

    def read(self, item: Item) -> bytes:
        """`read(item)` is its content, verified. For what fits in memory. Raises `UserError`."""
        path = self.path(item.digest)
        try:
            content = path.read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != item.digest:
            self.verify(item)
        return content

    def size(self, digest: str) -> int | None:
        """`size(digest)` is the bytes of the file, or `None` where there is none."""
        try:
            return self.path(digest).stat().st_size
        except OSError:
            return None

    def keep(self, item: Item) -> bool:
        """`keep(item)` is whether the file is there and right; it then counts as new.

        What counts as new is not collected, so that whoever asked has time to pin it.
        """
        with self.locked(fcntl.LOCK_SH):
            try:
                path = self.verify(item)
                os.utime(path)
            except (UserError, OSError):
                return False
            return True

    def missing(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """`missing(items)` is those that are not there or are damaged, each once, in order.

        Raises `UserError` where there is no room for them.
        """
        self.make()
        lacking = tuple(item for item in dict.fromkeys(items) if not self.keep(item))
        self._check_room(lacking)
        return lacking

    @contextlib.contextmanager
    def locked(self, kind: int) -> Iterator[None]:
        """Within `locked(kind)` the store has the lock that says what is there: flock(2)."""
        path = self.incoming / ".lock"
        with durable.reported("the store cannot be locked", path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, kind)
            yield
        finally:
            os.close(handle)

    def _begun(self, item: Item) -> int:
        """The bytes of it that have arrived, and take their room already."""
        try:
            return min((self.incoming / f"{item.digest}{PART}").stat().st_size, item.size)
        except OSError:
            return 0

    def _check_room(self, items: Sequence[Item]) -> None:
        if not items:
            return
        status = os.statvfs(self.incoming)
        free = status.f_bavail * status.f_frsize
        needed = sum(item.size - self._begun(item) for item in items)
        if needed + self.reserve > free:
            raise UserError(
                f"the host has {free >> 20} MiB free, and {(needed >> 20) + 1} MiB would arrive, "
                f"with {self.reserve >> 20} MiB to be left",
                str(self.directory),
                "make room there: `fata prune` removes what no release needs",
            )
