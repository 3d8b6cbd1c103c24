"""The directory that a build ends in: blobs under names of their content, the manifest last.

A build that is interrupted at any moment leaves the previous one as it was: its manifest still
stands and names files that still exist.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from fata.image.manifest import FILE_NAME, Blob, Manifest, to_json
from functoria import UserError
from functoria.action import write_file


def blob(stem: str, content: bytes, ending: str = "") -> Blob:
    """`blob(stem, content, ending)` is the record of a file that is named after its content."""
    digest = hashlib.sha256(content).hexdigest()
    return Blob(f"{stem}-{digest[:16]}{ending}", digest, len(content))


def publish(
    directory: Path, files: tuple[tuple[Blob, bytes, int], ...], manifest: Manifest
) -> None:
    """Make the directory hold the files, given with their modes, and then the manifest.

    What the previous build left is removed when the new manifest stands. Raises `UserError` if
    there is no room or no right to write.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for record, content, mode in files:
            if _holds(directory / record.file, record):
                continue
            write_file(directory / record.file, content, mode)
        write_file(directory / FILE_NAME, to_json(manifest))
        _sync(directory)
    except OSError as error:
        raise UserError(
            f"the image cannot be written: {error.strerror}",
            str(directory),
            "make room or give yourself the right to write there, then run `fata build` again; "
            "what was built before is still usable",
        ) from None
    _sweep(directory, {FILE_NAME, *(record.file for record, _, _ in files)})


def _holds(path: Path, record: Blob) -> bool:
    try:
        if path.stat().st_size != record.size:
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == record.sha256
    except OSError:
        return False


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(directory: Path, keep: set[str]) -> None:
    """Remove what neither this build nor a user put there: blobs of earlier builds, leftovers."""
    for path in sorted(directory.iterdir()):
        ours = path.name.startswith((".", "kernel-", "initramfs-", "launch-"))
        if ours and path.name not in keep and path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)


def output_files(directory: Path) -> tuple[Path, ...]:
    """`output_files(d)` is the files that builds have put there, the manifest first."""
    names = (FILE_NAME, "kernel-*", "initramfs-*", "launch-*", ".*")
    return tuple(path for name in names for path in sorted(directory.glob(name)) if path.is_file())
