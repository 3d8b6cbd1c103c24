"""The directory that a build ends in: blobs under names of their content, the manifest last.

A build that is interrupted at any moment leaves the previous one as it was: its manifest still
stands and names files that still exist.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fata.image.manifest import FILE_NAME, Blob, Manifest, to_json
from fata.tool import TOOL
from functoria.action import Action, RemoveFile, WriteFile, marked


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
        WriteFile(directory / FILE_NAME, to_json(manifest)),
        *(RemoveFile(path) for path in output_files(directory) if path.name not in keep),
    )


def output_files(directory: Path) -> tuple[Path, ...]:
    """`output_files(d)` is the files that builds have put there, the manifest first."""
    names = (FILE_NAME, "kernel-*", "initramfs-*", "sbom-*", "launch-*", "main-*", ".*")
    texts = ("*.xl", "*.xl.in", "*.libvirt.xml")
    return (
        *(path for name in names for path in sorted(directory.glob(name)) if path.is_file()),
        *(
            path
            for name in texts
            for path in sorted(directory.glob(name))
            if marked(path, TOOL.mark)
        ),
    )
