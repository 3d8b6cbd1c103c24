"""The file of a provider, as a plan."""

from __future__ import annotations

from pathlib import Path

from fata.ci.checkout import root_of
from fata.ci.derive import LOCK, Place, pipeline
from fata.ci.model import Pipeline
from fata.ci.render import PROVIDERS, text
from fata.settings import Settings
from fata.tool import TOOL
from functoria.action import Action, WriteFile


def derived(settings: Settings, project: Path, target: str) -> Pipeline:
    """`derived(settings, project, target)` is the pipeline of the project in its repository.

    `target` is the one that is configured. Raises `UserError` where there is no repository.
    """
    directory = project.resolve().relative_to(root_of(project)).as_posix()
    return pipeline(settings, Place(directory, target, (project / LOCK).is_file()))


def plan(provider: str, made: Pipeline, project: Path) -> tuple[Action, ...]:
    """`plan(provider, made, project)` writes the provider's file, at the root of the repository.

    A file that was not generated is left as it is, which `functoria.action` sees to.
    """
    path = root_of(project) / PROVIDERS[provider].file
    return (WriteFile(path, text(provider, made).encode(), TOOL.mark),)
