"""Configuring a project, and cleaning up after it: plans of what to write and to remove."""

from __future__ import annotations

from pathlib import Path

from functoria.action import Action, RemoveDirectory, RemoveFile, marked
from functoria.project import Project
from functoria.saved import write_saved
from functoria.tool import Tool


def plan(project: Project) -> tuple[Action, ...]:
    """`plan(project)` is what `configure` writes: what the tool generates, and the saved keys."""
    saved = write_saved(project.tool, project.directory, project.keys, project.context)
    return (*project.tool.plan(project), saved)


def clean_plan(tool: Tool, directory: Path) -> tuple[Action, ...]:
    """`clean_plan(tool, directory)` is the removal of what was generated there, and no more.

    It needs no configuration: a project whose configuration is broken can be cleaned. What lies
    in the tool's directory without its mark stays.
    """
    generated = directory / tool.generated
    files = [path for path in _below(generated) if marked(path, tool.mark)]
    folders = {generated, *(parent for path in files for parent in path.parents)}
    inside = sorted((f for f in folders if f.is_relative_to(generated)), reverse=True)
    others = tool.leftovers(directory)
    known = {action.path for action in others}
    return (
        *(RemoveFile(path, tool.mark) for path in files if path not in known),
        *others,
        *(RemoveDirectory(folder) for folder in inside if folder not in known),
    )


def foreign(tool: Tool, directory: Path) -> tuple[Path, ...]:
    """`foreign(tool, directory)` is the files among the generated that were not generated."""
    gone = {action.path for action in clean_plan(tool, directory)}
    return tuple(path for path in _below(directory / tool.generated) if path not in gone)


def _below(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if not path.is_dir())
