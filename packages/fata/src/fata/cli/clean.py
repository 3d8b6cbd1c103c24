"""`fata clean`."""

from __future__ import annotations

import click

from fata.clean import plan
from fata.cli.settings import Settings, common
from functoria.action import needed, run, shown


@click.command("clean")
@common
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.pass_obj
def command(settings: Settings, dry_run: bool) -> None:
    """Remove what configure and build have made, and nothing else.

    The lock of requirements, `fata.lock`, stays: it belongs under version control.
    """
    actions = plan(settings.config.absolute().parent)
    if dry_run:
        for action in needed(actions):
            click.echo(shown(action))
        return
    for action in run(actions):
        settings.report(shown(action))
