"""One file of the image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class EntryKind(Enum):
    """`EntryKind` is what a file of the image is for."""

    INTERPRETER = "interpreter"
    """The interpreter and the dynamic loader: the files that are executed."""
    MODULE = "module"
    EXTENSION = "extension"
    LIBRARY = "library"
    DATA = "data"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Entry:
    """`Entry(path, source, kind, ...)` is one file: where it is in the image, and its content.

    `path` has no leading slash; `source` is the content or a file that has it; `size` is in bytes;
    `module` is the dotted name it is loaded as, `package` what its size is accounted to; `reason`
    is the nearest cause of its presence, in words. `file` is where it is on this machine, also
    where the content in the image is another.
    """

    path: str
    source: Path | bytes
    kind: EntryKind
    size: int
    reason: str
    module: str | None = None
    package: str | None = None
    file: Path | None = None

    @property
    def executable(self) -> bool:
        """`executable` is whether its mode has the x bits."""
        return self.kind is EntryKind.INTERPRETER

    def content(self) -> bytes:
        """`content()` is the file's bytes."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()


def entry_of_bytes(
    path: str, content: bytes, kind: EntryKind, reason: str, package: str, module: str | None = None
) -> Entry:
    """`entry_of_bytes(path, content, ...)` is an entry whose content was made for the image."""
    return Entry(path, content, kind, len(content), reason, module, package)


def entry_of_file(
    path: str, file: Path, kind: EntryKind, reason: str, package: str, module: str | None = None
) -> Entry:
    """`entry_of_file(path, file, ...)` is an entry whose content is a file of this machine."""
    return Entry(path, file, kind, file.stat().st_size, reason, module, package, file)
