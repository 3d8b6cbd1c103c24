"""The disk on which a guest finds its secrets: a tar archive on its sectors, tar(5)."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def disk_of(secrets: Mapping[str, bytes]) -> bytes:
    """`disk_of(secrets)` is a disk with one file for each secret, under its name.

    It is the same bytes for the same secrets, in whole sectors of 512 and of 4096 bytes.
    """
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, value in sorted(secrets.items()):
            member = tarfile.TarInfo(name)
            member.size = len(value)
            member.mode = 0o400
            archive.addfile(member, io.BytesIO(value))
    made = content.getvalue()
    return made + bytes(-len(made) % 4096)
