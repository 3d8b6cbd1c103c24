"""The project that a command works on."""

from __future__ import annotations

import os

import click

import functoria.cli.keyed
from fata.project import Project, load, of
from functoria import UserError
from functoria.cli.settings import Settings
from functoria.position import from_here
from functoria.project import Options
from functoria.saved import saved_file


def project_of(context: click.Context) -> Project:
    """`project_of(context)` is the project of a command that takes keys as options."""
    return of(functoria.cli.keyed.project_of(context))


def saved_project(settings: Settings, options: Options | None = None) -> Project:
    """`saved_project(settings)` is the project as the last `fata configure` was told."""
    project = load(settings.config, options or {}, os.environ)
    for note in project.notes:
        settings.note(note)
    return project


def configured(settings: Settings) -> Project:
    """`configured(settings)` is the project, which was configured. Raises `UserError`."""
    project = saved_project(settings)
    check_configured(settings, project)
    return project


def check_configured(settings: Settings, project: Project) -> None:
    """Raises `UserError` where nobody has configured the project yet."""
    saved = saved_file(settings.tool, project.directory)
    if not saved.is_file():
        raise UserError(
            "the project is not configured",
            from_here(saved),
            "run `fata configure` first, with `-t virtio` or `-t xen` for a VM",
        )
