"""`clean`: remove what was generated, and nothing else."""

from __future__ import annotations

import click

from functoria.cli.plans import carry_out, dry_run_option
from functoria.cli.settings import common, settings_of
from functoria.configure import clean_plan


@click.command("clean")
@common
@dry_run_option
@click.pass_context
def command(context: click.Context, dry_run: bool) -> None:
    """Remove what was generated and built, and nothing else.

    What you wrote stays, also where it lies among what was generated.
    """
    settings = settings_of(context)
    actions = clean_plan(settings.tool, settings.config.absolute().parent)
    carry_out(actions, settings, dry_run=dry_run)
