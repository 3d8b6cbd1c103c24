"""The cache of kernels: one directory per kernel, complete and checked or not there at all.

An entry is `kernels/PROVIDER-PROFILE-KEY/` with its files and `entry.json`, which names them all
with size and sha256. It is made in a hidden directory beside it, written through to the disk and
renamed: whatever interrupts that leaves the cache as it was. Makers of one entry take turns.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fata import cache
from fata.kernel import boot
from fata.kernel.model import Kernel
from fata.kernel.modules import feature_modules
from functoria.error import UserError

FORMAT = 1
ENTRY = "entry.json"


class DamagedEntryError(Exception):
    """`DamagedEntryError(path, why)` says that a cache entry is not what was put there."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"`{path.name}` in the kernel cache is damaged: {why}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Facts:
    """`Facts` is what `entry.json` says of a kernel besides its files; see `Kernel`.

    `features` are the names of modules in load order, `fragments` the sha256 of the merged
    fragments and `objects` the files compiled, where it was built here.
    """

    provider: str
    profile: str
    key: str
    version: str
    package: str
    package_version: str
    features: Mapping[str, tuple[str, ...]]
    image: str
    fragments: str = ""
    objects: int = 0

    @property
    def directory(self) -> str:
        """The name of the entry's directory."""
        return f"{self.provider}-{self.profile}-{self.key}"


def cache_directory() -> Path:
    """Where kernels are kept: `kernels` in fata's part of the user's cache."""
    return cache.cache_directory() / "kernels"


def entries(directory: Path) -> tuple[Path, ...]:
    """The entries there, damaged ones included, sorted by name."""
    found = directory.glob(f"*/{ENTRY}")
    return tuple(sorted(path.parent for path in found if not path.parent.name.startswith(".")))


def load(entry: Path) -> tuple[Kernel, Facts]:
    """The kernel of an entry with every digest checked; raises `DamagedEntryError`."""
    try:
        document = json.loads((entry / ENTRY).read_bytes())
        if document["format"] != FORMAT:
            raise DamagedEntryError(entry, f"format {document['format']!r} is not {FORMAT}")
        facts = _facts(document["facts"])
        files = {str(name): (int(f["size"]), str(f["sha256"])) for name, f in _items(document)}
        for name, (size, digest) in files.items():
            _check(entry, name, size, digest)
        image, config = files[facts.image][1], files["config"][1]
    except DamagedEntryError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedEntryError(entry, f"{ENTRY}: {error!r}") from error
    return _kernel(entry, facts, image, config), facts


def publish(directory: Path, staged: Path, facts: Facts) -> Kernel:
    """Make the files in `staged` the entry for `facts`, in place of an older or damaged one."""
    names = sorted(str(p.relative_to(staged)) for p in staged.rglob("*") if p.is_file())
    files = {
        name: {"size": (staged / name).stat().st_size, "sha256": digest(staged / name)}
        for name in names
    }
    document = {"format": FORMAT, "facts": asdict(facts), "files": files}
    (staged / ENTRY).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
    for name in (*names, ENTRY):
        _sync(staged / name)
    _sync(staged)
    final = directory / facts.directory
    old = f".old-{facts.directory}-"
    if final.exists():
        final.rename(Path(tempfile.mkdtemp(prefix=old, dir=directory)) / "entry")
    staged.rename(final)
    _sync(directory)
    sweep(directory, old)
    kernel, _ = load(final)
    return kernel


@contextmanager
def making(directory: Path, name: str, report: Callable[[str], None]) -> Iterator[Path]:
    """A fresh directory to make entry `name` in, for one maker at a time.

    What earlier makers of it left when they were interrupted is removed; so is the directory at the
    end, unless it was published. Raises `UserError` where the disk is full or not writable.
    """
    with disk_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / f".{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report(f"waiting for another process that makes `{name}`")
                fcntl.flock(lock, fcntl.LOCK_EX)
            sweep(directory, f".making-{name}-")
            staged = Path(tempfile.mkdtemp(prefix=f".making-{name}-", dir=directory))
            staged.chmod(0o755)
            try:
                yield staged
            finally:
                shutil.rmtree(staged, ignore_errors=True)


def sweep(directory: Path, prefix: str) -> None:
    """Remove hidden leftovers with names that begin with `prefix`."""
    for leftover in sorted(directory.glob(f"{prefix}*")):
        shutil.rmtree(leftover, ignore_errors=True)


def discard(entry: Path) -> None:
    """Remove an entry, so that it is gone at once for others; one that is gone stays gone."""
    hidden = Path(tempfile.mkdtemp(prefix=".gone-", dir=entry.parent))
    with suppress(FileNotFoundError):
        entry.rename(hidden / "entry")
    shutil.rmtree(hidden, ignore_errors=True)


@contextmanager
def disk_errors(directory: Path) -> Iterator[None]:
    """The errors of a disk that is full or not ours to write, as `UserError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                "the disk is full",
                str(directory),
                "free some space there, or set XDG_CACHE_HOME to a directory with more",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise UserError(
                f"the kernel cache cannot be written: {error.strerror}",
                str(error.filename or directory),
                "make it writable for you, or set XDG_CACHE_HOME to a directory of yours",
            ) from error
        raise


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _items(document: Any) -> list[tuple[str, Any]]:
    return sorted(document["files"].items())


def _check(entry: Path, name: str, size: int, sha256: str) -> None:
    path = entry / name
    if not path.resolve().is_relative_to(entry.resolve()):
        raise DamagedEntryError(entry, f"`{name}` is outside of it")
    try:
        actual = path.stat().st_size
        if actual != size:
            raise DamagedEntryError(entry, f"`{name}` has {actual} bytes, not {size}")
        if digest(path) != sha256:
            raise DamagedEntryError(entry, f"`{name}` does not have its sha256")
    except OSError as error:
        raise DamagedEntryError(entry, f"`{name}`: {error.strerror}") from error


def _facts(raw: Any) -> Facts:
    def words(value: Any) -> tuple[str, ...]:
        return tuple(str(word) for word in value)

    names = ("provider", "profile", "key", "version", "package", "package_version", "image")
    strings = {name: str(raw[name]) for name in names}
    return Facts(
        **strings,
        features={str(name): words(modules) for name, modules in raw["features"].items()},
        fragments=str(raw["fragments"]),
        objects=int(raw["objects"]),
    )


def _kernel(entry: Path, facts: Facts, image: str, config: str) -> Kernel:
    return Kernel(
        provider=facts.provider,
        profile=facts.profile,
        key=facts.key,
        version=facts.version,
        package=facts.package,
        package_version=facts.package_version,
        image=entry / facts.image,
        image_digest=image,
        config=entry / "config",
        config_digest=config,
        machines=boot.machines((entry / "config").read_text()),
        cmdline=boot.cmdline(facts.provider),
        cmdline_emulated=boot.CMDLINE_EMULATED,
        features=feature_modules(facts.features, entry / "modules"),
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
