"""What is in an image, for its reader: by package, then file by file, largest first."""

from __future__ import annotations

from collections import Counter

from fata.image.manifest import FileRecord, Manifest


def listing(made: Manifest) -> str:
    """`listing(manifest)` is the sizes by package and the list of every file, in bytes."""
    files = "1 file" if len(made.files) == 1 else f"{len(made.files)} files"
    lines = [f"{made.name} for {made.target}: {files}"]
    if made.image is not None:
        kernel, initramfs = made.image.kernel, made.image.initramfs
        lines += [
            f"  {made.image.digest}",
            f"  {kernel.blob.size:>10}  kernel {kernel.provider} {kernel.version}",
            f"  {initramfs.size:>10}  root file system, {made.image.unpacked} unpacked",
        ]
    totals: Counter[str] = Counter()
    for record in made.files:
        totals[_group(record)] += record.size
    lines += ["", "By package"]
    lines += [f"  {size:>10}  {name}" for name, size in _largest_first(totals)]
    lines += ["", "Files"]
    for record in sorted(made.files, key=lambda record: (-record.size, record.path)):
        lines.append(f"  {record.size:>10}  {record.path}  ({record.reason})")
    return "\n".join(lines) + "\n"


def _group(record: FileRecord) -> str:
    return record.package or record.kind


def _largest_first(totals: Counter[str]) -> list[tuple[str, int]]:
    return sorted(totals.items(), key=lambda item: (-item[1], item[0]))
