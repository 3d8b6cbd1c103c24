"""A file that is arriving: what has come of it stays, so that the rest can come later."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from fata.deploy.store import durable
from fata.deploy.store.blobs import MODE, PART, Blobs
from fata.deploy.store.item import Item
from functoria import UserError

_CHUNK = 1 << 20


class DamagedError(UserError):
    """What arrived is not what was announced; nothing of it is kept."""


class Part:
    """`Part` is an arriving file that is ours alone while we have it open; see `opened`."""

    def __init__(self, blobs: Blobs, item: Item, path: Path, handle: int) -> None:
        self.item = item
        self.arrived = 0
        self._blobs = blobs
        self._path = path
        self._handle = handle
        self._hash = hashlib.sha256()
        self._read_again()

    def write(self, data: memoryview) -> None:
        """Take what comes next. Raises `UserError` for more than announced, or a full disk.

        What has come is dropped where the disk is full: it would be in the way of all else.
        """
        if self.arrived + len(data) > self.item.size:
            self._drop()
            raise DamagedError(
                f"more than the {self.item.size} bytes of `{self.item.name}` arrived",
                str(self._path),
                "build the image again with `fata build`, then deploy it again",
            )
        try:
            with durable.reported(f"`{self.item.name}` cannot be stored", self._path):
                rest = data
                while rest:
                    rest = rest[os.write(self._handle, rest) :]
        except UserError:
            self._drop()
            raise
        self._hash.update(data)
        self.arrived += len(data)

    def finish(self) -> Path:
        """`finish()` is the path in the store, where the file now is. Raises `DamagedError`."""
        found = self._hash.hexdigest()
        if self.arrived != self.item.size or found != self.item.digest:
            self._drop()
            raise DamagedError(
                f"`{self.item.name}` did not arrive as it was announced: {self.arrived} bytes "
                f"with the sha256 {found}, instead of {self.item.size} with {self.item.digest}",
                str(self._path),
                "build the image again with `fata build`, then deploy it again",
            )
        target = self._blobs.path(self.item.digest)
        with durable.reported(f"`{self.item.name}` cannot be stored", target):
            os.fchmod(self._handle, MODE)
            os.utime(self._handle)
            os.fsync(self._handle)
            self._path.rename(target)
            durable.sync_directory(target.parent)
        return target

    def _read_again(self) -> None:
        """Hash what came earlier; one that is already too long cannot become right."""
        with open(self._handle, "rb", closefd=False) as file:
            while data := file.read(_CHUNK):
                self._hash.update(data)
                self.arrived += len(data)
        if self.arrived > self.item.size:
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            self._hash, self.arrived = hashlib.sha256(), 0

    def leave(self) -> None:
        """Keep what has come for another time, if anything has."""
        if not self.arrived:
            self._drop()

    def _drop(self) -> None:
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(self._handle), self._path.lstat()):
                self._path.unlink()


@contextlib.contextmanager
def opened(blobs: Blobs, item: Item) -> Iterator[Part]:
    """`opened(blobs, item)` is the arriving file, with what came of it earlier.

    Where another transfer has it, this one has a file of its own, which begins anew: both end in
    the same place. Its `arrived` bytes need not be sent again. Raises `UserError`.
    """
    shared = blobs.incoming / f"{item.digest}{PART}"
    with durable.reported(f"`{item.name}` cannot be stored", shared):
        handle = _taken(shared)
        path = shared
        if handle is None:
            path = blobs.incoming / f"{item.digest}.{secrets.token_hex(8)}{PART}"
            handle = os.open(path, _FLAGS | os.O_EXCL, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        part = Part(blobs, item, path, handle)
        try:
            yield part
        finally:
            part.leave()
    finally:
        if path is not shared:
            path.unlink(missing_ok=True)
        os.close(handle)


_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def _taken(path: Path) -> int | None:
    """A handle with the lock of the file, or `None` where another has it (flock(2))."""
    while True:
        handle = os.open(path, _FLAGS, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it before may just have moved it into the store.
            if os.path.lexists(path) and os.path.samestat(os.fstat(handle), path.lstat()):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except FileNotFoundError:
            pass
        os.close(handle)
