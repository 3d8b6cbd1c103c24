"""A block device on a file, or on a disk that the kernel has made a file of (`/dev/vda`)."""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
import struct

from libos.signatures.block import BlockError
from libos.storage.block.bounds import Geometry, check_geometry, check_read, check_write

# ioctl(2) on block devices, Linux's include/uapi/linux/fs.h
_BLKROGET = 0x125E
_AT_ONCE = 1 << 18


class FileBlock(Geometry):
    """`FileBlock(path)` is the sectors of a file or block special file, as a `Block`.

    It is opened by `start` and closed by `stop`. A disk that its host made read-only is
    `read_only` whatever was asked for. A regular file is locked meanwhile (flock(2)): alone, or
    shared among those that only read it. Sectors that are larger than those of the medium may be
    torn if the machine ends within a write.

    Reads and writes are plain system calls in the event loop's thread, long ones in parts; a
    flush, which waits for the medium, is in a thread of its own.

    `size` is the bytes that the medium must have at least. With `create` a file that is missing
    is made, of that size, without taking up space before it is written.
    """

    __slots__ = ("_create", "_file", "_path", "_size")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        size: int | None = None,
        create: bool = False,
        sector_size: int = 512,
        read_only: bool = False,
    ) -> None:
        self._path = os.fspath(path)
        self._size = size
        self._create = create
        super().__init__(0, sector_size, read_only)
        self._file = -1

    async def start(self) -> None:
        """Open the file. Raises `BlockError` saying why it cannot serve."""
        flags = os.O_RDONLY if self._read_only else os.O_RDWR
        if self._create and self._size is not None:
            self._make(self._size)
        try:
            file = os.open(self._path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise self._refused(error) from error
        try:
            self._check(file)
        except BaseException:
            os.close(file)
            raise
        self._file = file

    async def stop(self) -> None:
        """Bring what was written to the medium, and close the file."""
        if self._file < 0:
            return
        try:
            if not self._read_only:
                await self.flush()
        finally:
            file, self._file, self._sectors = self._file, -1, 0
            os.close(file)

    async def read(self, sector: int, count: int = 1) -> bytes:
        """`read(sector, count)` is the content of `count` sectors from `sector` on."""
        file = self._opened()
        check_read(self, sector, count, self._path)
        offset, end = sector * self._sector_size, (sector + count) * self._sector_size
        chunks = []
        while offset < end:
            chunk = os.pread(file, min(_AT_ONCE, end - offset), offset)
            if not chunk:
                raise BlockError(f"{self._path} ends at byte {offset}: it was cut while in use")
            chunks.append(chunk)
            offset += len(chunk)
            if offset < end:
                await asyncio.sleep(0)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def write(self, sector: int, data: bytes) -> None:
        """Write `data`, whole sectors, from `sector` on."""
        file = self._opened()
        check_write(self, sector, len(data), self._path)
        offset = sector * self._sector_size
        rest = memoryview(data)
        while rest:
            done = os.pwrite(file, rest[:_AT_ONCE], offset)
            offset += done
            rest = rest[done:]
            if rest:
                await asyncio.sleep(0)

    async def flush(self) -> None:
        """When `flush()` has returned, all that was written before is on the medium."""
        file = self._opened()
        if not self._read_only:
            await asyncio.get_running_loop().run_in_executor(None, os.fdatasync, file)

    def _opened(self) -> int:
        if self._file < 0:
            raise BlockError(f"{self._path} is not open: it is between `start` and `stop`")
        return self._file

    def _check(self, file: int) -> None:
        mode = os.fstat(file).st_mode
        if stat.S_ISBLK(mode):
            answer = fcntl.ioctl(file, _BLKROGET, bytes(struct.calcsize("i")))
            self._read_only = self._read_only or answer != bytes(len(answer))
        elif stat.S_ISREG(mode):
            self._lock(file)
        else:
            raise BlockError(f"{self._path} is neither a file nor a disk")
        size = os.lseek(file, 0, os.SEEK_END)
        if self._size is not None and size < self._size:
            raise BlockError(
                f"{self._path} has {size} bytes, and the program asks for {self._size}: "
                "give it a larger one"
            )
        self._sectors = check_geometry(size, self._sector_size, self._path)

    def _make(self, size: int) -> None:
        """Make the file if it is missing; it gets its name when it has its size."""
        check_geometry(size, self._sector_size, self._path)
        if os.path.lexists(self._path):
            return
        directory, name = os.path.split(self._path)
        temporary = os.path.join(directory, f".{name}.{os.getpid()}")
        try:
            os.makedirs(directory or ".", exist_ok=True)
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(file, size)
                os.fsync(file)
            finally:
                os.close(file)
            try:
                os.link(temporary, self._path)
            finally:
                os.unlink(temporary)
        except FileExistsError:  # another program has made it meanwhile
            return
        except OSError as error:
            raise BlockError(f"{self._path} cannot be made: {error.strerror}") from error

    def _lock(self, file: int) -> None:
        kind = fcntl.LOCK_SH if self._read_only else fcntl.LOCK_EX
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockError(
                f"{self._path} is in use by another program or VM: end that first"
            ) from None

    def _refused(self, error: OSError) -> BlockError:
        match error:
            case FileNotFoundError():
                size = "64M" if self._size is None else self._size
                return BlockError(
                    f"{self._path} is missing: make it, for example with "
                    f"`truncate -s {size} {self._path}`"
                )
            case PermissionError() if not self._read_only:
                return BlockError(
                    f"{self._path} may not be written: change its mode, or open it read-only"
                )
            case IsADirectoryError():
                return BlockError(f"{self._path} is a directory, and no disk")
        return BlockError(f"{self._path} cannot be opened: {error.strerror}")
