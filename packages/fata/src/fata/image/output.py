"""The directory that a build ends in: blobs under names of their content, the manifest last.

A build that is interrupted at any moment leaves the previous one as it was: its manifest still
stands and names files that still exist.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from fata.image.manifest import FILE_NAME, MARK, Blob, Manifest, to_json
from fata.tool import TOOL
from functoria.action import Action, RemoveFile, WriteFile, marked

_BLOB = re.compile(r"(?:kernel|initramfs|sbom|launch|main)-([0-9a-f]{16})(?:\.[a-z]+)*", re.ASCII)
_TEXTS = (".xl", ".xl.in", ".libvirt.xml")
_HALF = re.compile(r"\.(.+)\.[a-z0-9_]{8}", re.ASCII)
"""What `functoria.action` calls a file before it has all of its content."""


@dataclass(frozen=True, slots=True)
class Text:
    """A file beside the image that people read and change; the tool's mark is in its head."""

    file: str
    content: bytes


def blob(stem: str, content: bytes, ending: str = "") -> Blob:
    """`blob(stem, content, ending)` is the record of a file that is named after its content."""
    digest = hashlib.sha256(content).hexdigest()
    return Blob(f"{stem}-{digest[:16]}{ending}", digest, len(content))


def plan(
    directory: Path,
    files: tuple[tuple[Blob, bytes, int], ...],
    manifest: Manifest,
    texts: tuple[Text, ...] = (),
) -> tuple[Action, ...]:
    """`plan(directory, files, manifest, texts)` has the directory hold these, the manifest last.

    The files are given with their modes. What an earlier build left, and nobody else put there,
    goes when the new manifest stands. A text that somebody wrote is never replaced.
    """
    keep = {FILE_NAME, *(record.file for record, _, _ in files), *(text.file for text in texts)}
    return (
        *(
            WriteFile(directory / record.file, content, mode=mode)
            for record, content, mode in files
        ),
        *(WriteFile(directory / text.file, text.content, TOOL.mark) for text in texts),
        WriteFile(directory / FILE_NAME, to_json(manifest), MARK),
        *(RemoveFile(path) for path in output_files(directory, keep)),
    )


def output_files(directory: Path, but: Collection[str] = ()) -> tuple[Path, ...]:
    """`output_files(d)` is the files that builds have put there, the manifest first.

    Those whose names are in `but` are not.

    They are known by more than their names, for other programs put theirs below `dist/`, too: a
    blob by the digest in its name, which is that of its content; what people read by the mark in
    its head, as the manifest by how it begins. What a build left half-written goes by its name.
    """
    files = (path for path in directory.glob("*") if path.name not in but and path.is_file())
    return tuple(sorted(filter(_is_ours, files), key=lambda p: (p.name != FILE_NAME, p.name)))


def _is_ours(path: Path) -> bool:
    name = path.name
    half = _HALF.fullmatch(name)
    if half is not None:
        name = half[1]
        return name == FILE_NAME or name.endswith(_TEXTS) or bool(_BLOB.fullmatch(name))
    if name == FILE_NAME:
        return marked(path, MARK)
    if name.endswith(_TEXTS):
        return marked(path, TOOL.mark)
    blob_name = _BLOB.fullmatch(name)
    return blob_name is not None and _digest(path).startswith(blob_name[1])


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
