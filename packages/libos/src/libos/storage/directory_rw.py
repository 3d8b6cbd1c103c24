"""A read-write key-value store on a directory of the file system."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from libos.signatures.kv_ro import DictionaryExpected, InvalidKey, NotFound, ValueExpected, segments
from libos.signatures.kv_rw import NoSpace, Taken
from libos.storage.changes import NotedBatch, Remove, Rename, Set, outcome
from libos.storage.directory import DirectoryStore
from libos.storage.directory_files import (
    drop_journal,
    prune,
    remove_tree,
    replay,
    sync_directories,
    write_file,
    write_journal,
)
from libos.storage.memory import check_offset
from libos.storage.tree import Tree

if TYPE_CHECKING:
    from libos.storage.changes import Change

STAGING = ".kv-staging"
# ENOSPC, EFBIG and EDQUOT of Linux; `errno` is not worth an import for three numbers.
_NO_SPACE = frozenset({28, 27, 122})


class DirectoryStoreRw(DirectoryStore):
    """`DirectoryStoreRw(root)` is the files below `root` as a `libos.signatures.kv_rw.KvRw`.

    The directory is made if it is missing. What `DirectoryStore` says of files holds here, too;
    a link that stays inside is followed by reads, and replaced or removed itself by changes.
    Values are written to the directory `.kv-staging` below `root`, which is no key, flushed, and
    renamed. A batch has a journal there, which the next start goes on with after a crash.

    Empty directories that others make are empty dictionaries. A batch does not look into
    directories that are links. Changes are plain system calls in the event loop's thread.
    """

    __slots__ = ("_lock", "_number", "_staging", "_touched", "_unfinished")

    def __init__(self, root: str | os.PathLike[str]) -> None:
        os.makedirs(root, exist_ok=True)
        super().__init__(root)
        self._staging = self._inside + STAGING
        self._lock = -1
        self._number = 0
        self._touched: set[str] = set()
        self._unfinished = False

    async def start(self) -> None:
        """Finish what a crash has interrupted.

        Raises `OSError` if the directory may not be written, or another program has started it.
        """
        os.makedirs(self._staging, exist_ok=True)
        lock = os.open(self._staging, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            replay(self._staging, self._root)
            for name in os.listdir(self._staging):
                path = f"{self._staging}/{name}"
                if os.path.isdir(path) and not os.path.islink(path):
                    remove_tree(path)
                else:
                    os.unlink(path)
        except BlockingIOError:
            os.close(lock)
            raise OSError(f"{self._root} is in use by another program: end that first") from None
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    async def stop(self) -> None:
        """Flush, and let others have the directory."""
        if self._lock >= 0:
            await self.flush()
            os.close(self._lock)
            self._lock = -1

    async def set(self, key: str, value: bytes) -> None:
        """`key` names `value` from now on."""
        change = Set(key, value)
        self._finish()
        above, name = self._place(key)
        self._check_value(key)
        staged = ""
        try:
            staged = self._stage(change.value)
            self._make(above)
            os.rename(f"{self._staging}/{staged}", f"{above}/{name}")
        except OSError as error:
            if staged:
                os.unlink(f"{self._staging}/{staged}")
            prune(above, self._root)
            raise _told(error, key) from error

    async def set_partial(self, key: str, offset: int, data: bytes) -> None:
        """Write `data` into the value from byte `offset` on, by writing all of it anew."""
        change = Set(key, data)
        self._finish()
        self._place(key)
        self._check_value(key)
        before = await self.get(key) if self._kind(key) else b""
        check_offset(key, offset, len(before))
        await self.set(key, before[:offset] + change.value + before[offset + len(data) :])

    async def remove(self, key: str) -> None:
        """`key` names nothing from now on."""
        Remove(key)
        self._finish()
        kind = self._kind(key)
        if kind is None:
            raise NotFound(key)
        above, name = self._place(key)
        path = f"{above}/{name}"
        if kind == "dictionary" and not os.path.islink(path):
            gone = f"{self._staging}/{self._next()}"
            os.rename(path, gone)
            remove_tree(gone)
        else:
            os.unlink(path)
        self._touched.add(above)
        self._touched.add(prune(above, self._root))

    async def rename(self, source: str, destination: str) -> None:
        """`destination` names from now on what `source` did."""
        change = Rename(source, destination)
        self._finish()
        kind = self._kind(source)
        if kind is None:
            raise NotFound(source)
        above, name = self._place(source)
        path = f"{above}/{name}"
        if kind == "dictionary" or os.path.islink(path) or source == destination:
            await self._commit([change])
            return
        to, new_name = self._place(destination)
        if self._kind(destination) == "dictionary":
            raise Taken(destination)
        self._check_value(destination)
        self._make(to)
        os.rename(path, f"{to}/{new_name}")
        self._touched.add(above)
        self._touched.add(prune(above, self._root))

    def batch(self) -> NotedBatch:
        """`async with store.batch() as batch:` makes what is noted in `batch` one change."""
        return NotedBatch(self._commit)

    async def flush(self) -> None:
        """When `flush()` has returned, all that was changed before is on the medium."""
        import asyncio

        touched, self._touched = self._touched, set()
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, sync_directories, sorted(touched))
        except BaseException:
            self._touched |= touched
            raise

    async def _commit(self, noted: list[Change]) -> None:
        """Make changes together, by way of a journal."""
        self._finish()
        tree = self._tree()
        net = outcome(tree, noted, _new)
        if not net:
            return
        staged = []
        name = ""
        try:
            for key, value in sorted(net.items()):
                name = key
                if value is not None:
                    self._place(key, among=net)
                    staged.append((self._staged(value), key))
            removed = [key for key, value in sorted(net.items()) if value is None]
            write_journal(self._staging, removed, staged)
        except BaseException as error:
            drop_journal(self._staging)
            for number, _ in staged:
                os.unlink(f"{self._staging}/{number}")
            if isinstance(error, OSError):
                raise _told(error, name) from error
            raise
        self._unfinished = True
        self._finish()

    def _finish(self) -> None:
        """Make the changes of the journal; what an error leaves undone, the next change will do."""
        if self._unfinished:
            replay(self._staging, self._root)
            self._unfinished = False

    def _tree(self) -> Tree[bytes | str]:
        """All keys; the entries are the paths of their files."""
        tree: Tree[bytes | str] = Tree()
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            for name in os.listdir(self._inside + prefix):
                key = f"{prefix}/{name}" if prefix else name
                try:
                    kind = self._kind(key)
                except InvalidKey:
                    continue
                if kind == "value":
                    tree.put(key, self._look_up(key)[0])
                elif kind == "dictionary":
                    tree.make(key)
                    if not os.path.islink(self._inside + key):
                        waiting.append(key)
        return tree

    def _staged(self, value: bytes | str) -> str:
        """The staged file for a new value, or for one that lies at a path."""
        if isinstance(value, bytes):
            return self._stage(value)
        staged = self._next()
        os.link(value, f"{self._staging}/{staged}")
        return staged

    def _stage(self, value: bytes) -> str:
        staged = self._next()
        write_file(f"{self._staging}/{staged}", value)
        return staged

    def _next(self) -> str:
        self._number += 1
        return str(self._number)

    def _place(
        self, key: str, among: dict[str, bytes | str | None] | None = None
    ) -> tuple[str, str]:
        """The directory in which a key's file is or would be, and the file's name there.

        Raises `DictionaryExpected` and `Taken` for what stands in the way, unless it is `among`
        what is to be removed.
        """
        *above, name = segments(key)
        path = self._root
        for depth, part in enumerate(above):
            shorter = "/".join(above[: depth + 1])
            kind = self._kind(shorter)
            if kind == "dictionary":
                path = self._look_up(shorter)[0]
                continue
            if kind == "value" and not (among and shorter in among and among[shorter] is None):
                raise DictionaryExpected(shorter)
            if kind is None and os.path.lexists(f"{path}/{part}"):
                raise Taken(key)
            path = f"{path}/{part}"
        if key == STAGING or key.startswith(STAGING + "/"):
            raise Taken(key)
        return path, name

    def _check_value(self, key: str) -> None:
        """Raise unless a value may stand under the key."""
        kind = self._kind(key)
        if kind == "dictionary":
            raise ValueExpected(key)
        above, name = self._place(key)
        if kind is None and os.path.lexists(f"{above}/{name}"):
            raise Taken(key)

    def _make(self, path: str) -> None:
        """Make a directory and those above it; those that have changed are noted."""
        self._touched.add(path)
        missing = path
        while not os.path.isdir(missing):
            missing = os.path.dirname(missing)
            self._touched.add(missing)
        os.makedirs(path, exist_ok=True)

    def _look_up(self, key: str) -> tuple[str, os.stat_result]:
        path, status = super()._look_up(key)
        if path == self._staging or path.startswith(self._staging + "/"):
            raise NotFound(key)
        return path, status


def _new(value: bytes) -> bytes | str:
    return value


def _told(error: OSError, key: str) -> Exception:
    return NoSpace(key) if error.errno in _NO_SPACE else error
