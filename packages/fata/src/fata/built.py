"""What is asked of a build: the manifest, or the way to one."""

from __future__ import annotations

import shlex

from fata.image.manifest import FILE_NAME, Manifest, read
from fata.project import Project
from fata.tool import TOOL
from functoria import Key, Stage, UserError
from functoria.position import from_here
from functoria.saved import read_saved, saved_file


def built(project: Project, what: str, targets: tuple[str, ...]) -> Manifest:
    """`built(project, "xl", targets)` is the manifest of the last build, which is asked for `what`.

    Raises `UserError` for a project of another target than those that have such a thing, and
    where nothing is built yet; what to do says the commands that lead there.
    """
    if project.target not in targets:
        raise UserError(
            f"there is no `{what}` for the target `{project.target}`",
            what,
            f"run `fata configure -t {targets[0]}` and `fata build`, then `fata query {what}`",
        )
    path = project.output / FILE_NAME
    if not path.exists():
        steps = (*_configuring(project), "`fata build`")
        raise UserError(
            f"`{what}` is told of a build, and nothing is built here yet",
            from_here(path),
            f"run {' and '.join(steps)}, then ask again",
        )
    return read(project.output)


def _configuring(project: Project) -> tuple[str, ...]:
    """The command that configures the project so; none if that is how it is configured."""
    said = {
        key.option: key.show(project.context.get(key))
        for key in project.keys
        if key.stage is Stage.CONFIGURE and key in project.context.bindings
    }
    if saved_file(TOOL, project.directory).is_file():
        saved = read_saved(TOOL, project.directory)
        if {option: saved.said(option) for option in saved.texts} == said:
            return ()
    words = [word for key in project.keys for word in _words(key, said.get(key.option, ()))]
    return (f"`{shlex.join(('fata', 'configure', *words))}`",)


def _words(key: Key[object], texts: tuple[str, ...]) -> list[str]:
    if key.flag:
        return [f"--{key.option}"] if texts == ("true",) else []
    return [f"--{key.option}={text}" for text in texts]
