"""`fata clean`: the plan of what to remove."""

from __future__ import annotations

from pathlib import Path

from fata.configure import MARK
from fata.consoles import consoles
from fata.image.manifest import FILE_NAME
from fata.image.output import output_files
from fata.project import GENERATED, context_file
from functoria.action import Action, RemoveDirectory, RemoveFile


def plan(directory: Path) -> tuple[Action, ...]:
    """`plan(directory)` is the removal of what was generated there, for every target.

    It needs no configuration: a project whose `config.py` is broken can be cleaned.
    """
    generated = directory / GENERATED
    actions: list[Action] = [
        RemoveFile(generated / "main.py", MARK),
        RemoveFile(context_file(directory)),
        *(RemoveFile(path) for path in sorted(generated.glob("__pycache__/main.*.pyc"))),
        RemoveDirectory(generated / "__pycache__"),
        RemoveDirectory(generated),
    ]
    outputs = directory / "dist"
    for output in sorted(path.parent for path in outputs.glob(f"*/{FILE_NAME}")):
        actions += [RemoveFile(path) for path in output_files(output)]
        actions += [RemoveFile(path) for path in consoles(output)]
        actions.append(RemoveDirectory(output))
    return (*actions, RemoveDirectory(outputs))
