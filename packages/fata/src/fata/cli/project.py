"""The project that a command works on."""

from __future__ import annotations

import os

import click

import functoria.cli.keyed
from fata.project import Project, load, of
from functoria.cli.settings import Settings
from functoria.project import Options


def project_of(context: click.Context) -> Project:
    """`project_of(context)` is the project of a command that takes keys as options."""
    return of(functoria.cli.keyed.project_of(context))


def saved_project(settings: Settings, options: Options | None = None) -> Project:
    """`saved_project(settings)` is the project as the last `fata configure` was told."""
    project = load(settings.config, options or {}, os.environ)
    for note in project.notes:
        settings.note(note)
    return project
