"""The user's cache: results that can be computed again, kept under the digest of their inputs.

An entry carries the digest of its own content, so that a half-written or damaged one reads as
absent. That is why entries are not fsynced: five hundred fsyncs cost more than the work saved.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

DIGEST_SIZE = 32


def cache_directory() -> Path:
    """`cache_directory()` is fata's part of the user's cache (XDG Base Directory 0.8)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "fata"


@dataclass(frozen=True, slots=True)
class Cache:
    """`Cache(directory)` maps a hexadecimal key to bytes; every failure to read is a miss."""

    directory: Path

    def path(self, key: str) -> Path:
        """`path(key)` is the file that holds, or would hold, the entry of `key`."""
        return self.directory / key[:2] / key[2:]

    def get(self, key: str) -> bytes | None:
        """`get(key)` is the stored bytes, or `None` where there are none or they are damaged."""
        try:
            blob = self.path(key).read_bytes()
        except OSError:
            return None
        content = blob[DIGEST_SIZE:]
        return content if hashlib.sha256(content).digest() == blob[:DIGEST_SIZE] else None

    def put(self, key: str, content: bytes) -> None:
        """`put(key, content)` stores; a cache that cannot be written is no reason to fail."""
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(content).digest())
                    file.write(content)
                Path(temporary).replace(path)
            except OSError:
                Path(temporary).unlink(missing_ok=True)
        except OSError:
            return


def key_of(*parts: bytes | str) -> str:
    """`key_of(*parts)` is a key that differs when any part, or the split into parts, differs."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def key_of_file(version: str, path: Path) -> str:
    """`key_of_file(version, path)` is a key that differs when the file was changed or replaced.

    It is for files that packages install: their times tell as well as a digest of megabytes would.
    """
    status = path.stat()
    identity = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return key_of(version, str(path), *map(str, identity))
