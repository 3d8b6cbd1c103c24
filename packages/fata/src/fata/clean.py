"""`fata clean`: what there is to remove beside what `fata configure` writes."""

from __future__ import annotations

import re
from pathlib import Path

from fata.consoles import consoles
from fata.image.output import output_files
from functoria.action import Action, RemoveDirectory, RemoveFile

_COMPILED = re.compile(r"main-[0-9a-f]{16}\.[a-z0-9-]+\.pyc", re.ASCII)


def leftovers(directory: Path) -> tuple[Action, ...]:
    """`leftovers(directory)` is the removal of what was built there, for every target.

    The lock of requirements, `fata.lock`, stays: it belongs under version control.
    """
    outputs = directory / "dist"
    actions: list[Action] = []
    for output in sorted(path for path in outputs.glob("*") if path.is_dir()):
        files = output_files(output)
        if not files:
            continue  # somebody else's
        actions += [RemoveFile(path) for path in (*files, *consoles(output))]
        compiled = output / "__pycache__"
        old = (path for path in sorted(compiled.glob("*.pyc")) if _COMPILED.fullmatch(path.name))
        actions += [RemoveFile(path) for path in old]
        actions.append(RemoveDirectory(compiled))
        actions.append(RemoveDirectory(output))
    return (*actions, RemoveDirectory(outputs))
