"""Plans, shown or carried out."""

from __future__ import annotations

import click

from fata.cli.settings import Settings
from functoria.action import Action, needed, run, shown


def carry_out(actions: tuple[Action, ...], settings: Settings, *, dry_run: bool = False) -> None:
    """Do the actions and say what was done; or, for a dry run, print what would be."""
    if dry_run:
        for action in needed(actions):
            click.echo(shown(action))
        return
    for action in run(actions):
        settings.report(shown(action))
