"""`fata clean`: what there is to remove beside what `fata configure` writes."""

from __future__ import annotations

from pathlib import Path

from fata.consoles import consoles
from fata.image.manifest import FILE_NAME
from fata.image.output import output_files
from functoria.action import Action, RemoveDirectory, RemoveFile


def leftovers(directory: Path) -> tuple[Action, ...]:
    """`leftovers(directory)` is the removal of what was built there, for every target.

    The lock of requirements, `fata.lock`, stays: it belongs under version control.
    """
    outputs = directory / "dist"
    actions: list[Action] = []
    for output in sorted(path.parent for path in outputs.glob(f"*/{FILE_NAME}")):
        actions += [RemoveFile(path) for path in output_files(output)]
        actions += [RemoveFile(path) for path in consoles(output)]
        compiled = output / "__pycache__"
        actions += [RemoveFile(path) for path in sorted(compiled.glob("main-*.pyc"))]
        actions.append(RemoveDirectory(compiled))
        actions.append(RemoveDirectory(output))
    return (*actions, RemoveDirectory(outputs))
