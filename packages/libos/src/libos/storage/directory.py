"""A read-only key-value store on a directory of the file system."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING

from libos.signatures.kv_ro import (
    DictionaryExpected,
    InvalidKey,
    NotFound,
    ValueExpected,
    segments,
)

if TYPE_CHECKING:
    from libos.signatures.kv_ro import Kind

_HASHED_AT_ONCE = 1 << 20
_REMEMBERED_DIGESTS = 1024


class DirectoryStore:
    """`DirectoryStore(root)` is the files below `root` as a `libos.signatures.kv_ro.KvRo`.

    Regular files are values and directories dictionaries; whatever else lies there (devices,
    pipes, sockets) is not seen, nor are names that make no key. A symbolic link is followed as
    long as it ends below `root`; one that leads out names nothing. Reads are plain system calls
    in the event loop's thread: files of an image are in memory or a short way from it.

    `NotADirectoryError` is raised if `root` is not a directory.
    """

    __slots__ = ("_digests", "_inside", "_root")

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = os.path.realpath(root)
        if not os.path.isdir(self._root):
            raise NotADirectoryError(f"{os.fspath(root)!r} is not a directory to serve keys from")
        self._inside = self._root.rstrip("/") + "/"
        self._digests: dict[str, tuple[tuple[int, int, int], str]] = {}

    async def get(self, key: str) -> bytes:
        """`get(key)` is the whole value."""
        file = self._open(key)
        try:
            return _read(file, 0, os.fstat(file).st_size)
        finally:
            os.close(file)

    async def get_partial(self, key: str, offset: int, length: int) -> bytes:
        """`get_partial(key, offset, length)` is at most `length` bytes from `offset` on."""
        if offset < 0 or length < 0:
            raise ValueError(f"bytes from {offset}, {length} of them: neither may be negative")
        file = self._open(key)
        try:
            length = min(length, os.fstat(file).st_size - offset)
            return _read(file, offset, length) if length > 0 else b""
        finally:
            os.close(file)

    async def size(self, key: str) -> int:
        """`size(key)` is the length of the value in bytes."""
        return self._value(key)[1].st_size

    async def list(self, prefix: str) -> tuple[tuple[str, Kind], ...]:
        """`list(prefix)` is the name and kind of what lies directly below, sorted by name."""
        path, status = self._look_up(prefix)
        if not stat.S_ISDIR(status.st_mode):
            raise DictionaryExpected(prefix)
        found: dict[str, Kind] = {}
        for name in os.listdir(path):
            try:
                kind = self._kind(f"{prefix}/{name}" if prefix else name)
            except InvalidKey:
                continue
            if kind is not None:
                found[name] = kind
        return tuple(sorted(found.items()))

    async def exists(self, key: str) -> Kind | None:
        """`exists(key)` is what the key names; `None` if it names nothing."""
        return self._kind(key)

    async def digest(self, key: str) -> str:
        """`digest(key)` is the SHA-256 of the value in hexadecimal, computed once per version.

        It is not made of the modification time, which is the same for all files of a
        reproducible image.
        """
        path, status = self._value(key)
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._digests.get(path)
        if known is not None and known[0] == version:
            return known[1]
        digest = await self._hash(key)
        if len(self._digests) >= _REMEMBERED_DIGESTS:
            self._digests.clear()
        self._digests[path] = (version, digest)
        return digest

    async def _hash(self, key: str) -> str:
        from hashlib import sha256

        hasher = sha256()
        file = self._open(key)
        try:
            offset = 0
            while chunk := os.pread(file, _HASHED_AT_ONCE, offset):
                hasher.update(chunk)
                offset += len(chunk)
                if len(chunk) == _HASHED_AT_ONCE:
                    await asyncio.sleep(0)
        finally:
            os.close(file)
        return hasher.hexdigest()

    def _kind(self, key: str) -> Kind | None:
        try:
            mode = self._look_up(key)[1].st_mode
        except NotFound:
            return None
        return "dictionary" if stat.S_ISDIR(mode) else "value"

    def _value(self, key: str) -> tuple[str, os.stat_result]:
        path, status = self._look_up(key)
        if stat.S_ISDIR(status.st_mode):
            raise ValueExpected(key)
        return path, status

    def _look_up(self, key: str) -> tuple[str, os.stat_result]:
        """`_look_up(key)` is where the file or directory really lies, and its status."""
        segments(key)
        path = os.path.realpath(self._inside + key)
        if path != self._root and not path.startswith(self._inside):
            raise NotFound(key)
        try:
            status = os.stat(path, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(key) from None
        except OSError as error:
            if error.errno in _NO_SUCH_NAME:
                raise NotFound(key) from None
            raise
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise NotFound(key)
        return path, status

    def _open(self, key: str) -> int:
        path, _ = self._value(key)
        try:  # without waiting, should a pipe have taken the file's place meanwhile
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise NotFound(key) from None


# ELOOP and ENAMETOOLONG of Linux; `errno` is not worth an import for two numbers.
_NO_SUCH_NAME = frozenset({40, 36})


def _read(file: int, offset: int, length: int) -> bytes:
    """`_read(file, offset, length)` is those bytes: a read may be short, a value may not."""
    chunk = os.pread(file, length, offset)
    if len(chunk) == length or not chunk:
        return chunk
    chunks = [chunk]
    done = len(chunk)
    while done < length and (chunk := os.pread(file, length - done, offset + done)):
        chunks.append(chunk)
        done += len(chunk)
    return b"".join(chunks)
