"""Which file inside two images differs, as their manifests say."""

from __future__ import annotations

from pathlib import Path

from fata.image.manifest import FILE_NAME, read


def file_inside(one: Path, other: Path) -> str | None:
    """`file_inside(one, other)` is the first file in the images of two outputs that differs.

    `None` if none does, or if one of the outputs holds no image of the same name. Raises
    `UserError` for a manifest that cannot be read.
    """
    for path in sorted(one.glob(f"*/{FILE_NAME}")):
        beside = other / path.parent.name
        if not (beside / FILE_NAME).is_file():
            continue
        here, there = ({f.path: f.sha256 for f in read(d).files} for d in (path.parent, beside))
        for name in sorted(here.keys() | there.keys()):
            if here.get(name) != there.get(name):
                return name
    return None
