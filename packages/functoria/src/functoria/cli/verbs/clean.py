"""`clean`: remove what was generated, and nothing else."""

from __future__ import annotations

import click

from functoria.action import needed
from functoria.cli.plans import carry_out, dry_run_option
from functoria.cli.settings import common, settings_of
from functoria.configure import clean_plan, foreign
from functoria.position import from_here


@click.command("clean")
@common
@dry_run_option
@click.pass_context
def command(context: click.Context, dry_run: bool) -> None:
    """Remove what was generated and built, and nothing else.

    What you wrote stays, also where it lies among what was generated.
    """
    settings = settings_of(context)
    if settings.file is not None:
        settings.tool.check_exists(settings.config)
    directory = settings.config.absolute().parent
    actions = clean_plan(settings.tool, directory)
    if not needed(actions):
        settings.report("there is nothing to remove")
    carry_out(actions, settings, dry_run=dry_run)
    for path in foreign(settings.tool, directory):
        settings.note(f"`{from_here(path)}` was not generated, and stays")
