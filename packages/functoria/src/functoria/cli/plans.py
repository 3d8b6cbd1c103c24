"""Plans, shown or carried out."""

from __future__ import annotations

import click

from functoria.action import Action, check, needed, run, shown
from functoria.cli.settings import Settings


def carry_out(actions: tuple[Action, ...], settings: Settings, *, dry_run: bool = False) -> None:
    """Do the actions and say what was done; or, for a dry run, print what would be.

    A dry run fails as the run would: for a file that was not generated.
    """
    if dry_run:
        check(actions)
        for action in needed(actions):
            click.echo(shown(action))
        return
    for action in run(actions):
        settings.report(shown(action))


dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would be done to files, and do nothing."
)
