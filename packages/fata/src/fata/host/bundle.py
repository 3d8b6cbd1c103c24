"""The bundle: fata whole, with all it depends on, as files for the Python of a host.

It is known by a digest of what its files are called and hold, so that a host can tell whether it
has it, and which files it lacks.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from fata.cache import Cache, cache_directory, key_of
from fata.host.libraries import OWN, libraries
from fata.host.runtime import Runtime
from functoria.error import UserError

LIBRARY = "lib"
"""The directory of the bundle that Python imports from."""

PROGRAM = "fata"
"""The launcher, in the bundle's uppermost directory."""

_METADATA = ("METADATA", "entry_points.txt")
_LAUNCHER = """\
#!/usr/bin/python3 -IBS
# fata as it was shipped to this host: its own libraries, and none of the host's.
import os
import sys

if sys.version_info[:2] != ({version}):
    print(
        "error: this fata was shipped for Python {python}, and the host now has another",
        "  in: " + os.path.abspath(__file__),
        "  do: use it from the developer's machine again, which ships a new one",
        sep="\\n",
        file=sys.stderr,
    )
    sys.exit(127)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "{library}"))
from fata.cli import main

main()
"""


@dataclass(frozen=True, slots=True)
class File:
    """`File(path, digest, mode, content)` is a file of a bundle.

    `digest` is its sha256, `mode` 0o644 or 0o755; `content` is where it lies here, or its bytes.
    """

    path: str
    digest: str
    mode: int
    content: Path | bytes

    def read(self) -> bytes:
        """`read()` is what the file holds."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


@dataclass(frozen=True, slots=True)
class Bundle:
    """`Bundle(runtime, files)` is the files, sorted by path."""

    runtime: Runtime
    files: tuple[File, ...]

    @property
    def manifest(self) -> str:
        """What the bundle is: a line `DIGEST MODE PATH` for each file."""
        return "".join(f"{file.digest} {file.mode:o} {file.path}\n" for file in self.files)

    @property
    def digest(self) -> str:
        """The sha256 of `manifest`, by which the bundle is known."""
        return hashlib.sha256(self.manifest.encode()).hexdigest()


def bundle(runtime: Runtime, report: Callable[[str], None]) -> Bundle:
    """`bundle(runtime, report)` is fata as it is installed here, for that Python.

    Raises `UserError` where a dependency cannot be had for it.
    """
    files = [_launcher(runtime)]
    files += _library_files(libraries(runtime, report))
    for name in OWN:
        files += _own_files(name)
    return Bundle(runtime, tuple(sorted(files, key=lambda file: file.path)))


def _launcher(runtime: Runtime) -> File:
    text = _LAUNCHER.format(
        version=runtime.python.replace(".", ", "), python=runtime.python, library=LIBRARY
    )
    content = text.encode()
    return File(PROGRAM, hashlib.sha256(content).hexdigest(), 0o755, content)


def _own_files(name: str) -> Iterator[File]:
    """A package of ours from where it is imported from, and what is known of its distribution."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"the package `{name}` is not installed whole on this machine",
            None,
            "install fata again: `pip install --force-reinstall fata`",
        )
    found = distribution(name)
    for kind in _METADATA:
        text = found.read_text(kind)
        if text is not None:
            content = text.encode()
            where = f"{LIBRARY}/{name}-{found.version}.dist-info/{kind}"
            yield File(where, hashlib.sha256(content).hexdigest(), 0o644, content)
    top = Path(spec.submodule_search_locations[0])
    for path in _walk(top):
        # Read now: the next moment it may be edited.
        yield _file(f"{LIBRARY}/{name}/{path.relative_to(top)}", path, path.read_bytes())


def _library_files(directory: Path) -> Iterator[File]:
    """The dependencies, whose digests are kept: the directory does not change."""
    memory = Cache(cache_directory() / "bundles" / "digests")
    key = key_of("1", directory.name)
    known = memory.get(key)
    if known is None:
        paths = tuple(_walk(directory))
        lines = [f"{_digest_of(path)} {path.relative_to(directory)}" for path in paths]
        known = "\n".join(lines).encode()
        memory.put(key, known)
    for line in known.decode().splitlines():
        digest, _, relative = line.partition(" ")
        place = directory / relative
        yield File(f"{LIBRARY}/{relative}", digest, _mode(place), place)


def _walk(top: Path) -> Iterator[Path]:
    """The files beneath, sorted, without what Python compiled."""
    for directory, names, files in os.walk(top):
        names[:] = sorted(name for name in names if name != "__pycache__")
        yield from (Path(directory, name) for name in sorted(files) if ".pyc" not in name)


def _file(path: str, source: Path, content: bytes) -> File:
    return File(path, hashlib.sha256(content).hexdigest(), _mode(source), content)


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644


def _digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
