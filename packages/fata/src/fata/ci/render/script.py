"""Commands as the lines of a script, in which nothing is left for a shell to interpret."""

from __future__ import annotations

from fata.ci.model import Pipeline, Stage
from fata.settings import CommandLine


def commands(stage: Stage) -> tuple[CommandLine, ...]:
    """`commands(stage)` is all its commands, on a machine that has nothing yet."""
    return (*stage.fresh, *stage.commands)


def lines(stage: Stage) -> tuple[str, ...]:
    """`lines(stage)` is these as lines of a shell script (POSIX), every word quoted if need be."""
    return tuple(str(command) for command in commands(stage))


def enter(pipeline: Pipeline) -> tuple[str, ...]:
    """`enter(pipeline)` is the line that goes to where the configuration is, if one is needed."""
    if pipeline.directory == ".":
        return ()
    return (str(CommandLine(("cd", pipeline.directory))),)


def inside(pipeline: Pipeline, path: str) -> str:
    """`inside(pipeline, path)` is a path of the project's from the root of the repository."""
    return path if pipeline.directory == "." else f"{pipeline.directory}/{path}"
