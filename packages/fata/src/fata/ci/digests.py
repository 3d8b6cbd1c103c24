"""What was built, by digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fata.ci.model import OUTPUT
from functoria.error import UserError
from functoria.position import from_here


def digests(project: Path) -> tuple[str, ...]:
    """`digests(project)` is a line for each file that was built, as sha256sum(1) writes it.

    Raises `UserError` where nothing was built.
    """
    files = sorted(path for path in (project / OUTPUT).rglob("*") if path.is_file())
    if not files:
        raise UserError("nothing is built", from_here(project / OUTPUT), "run `fata build` first")
    return tuple(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(project).as_posix()}"
        for path in files
    )
