"""`fata clean`."""

from __future__ import annotations

import click

from fata.clean import plan
from fata.cli.plans import carry_out
from fata.cli.settings import Settings, common


@click.command("clean")
@common
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.pass_obj
def command(settings: Settings, dry_run: bool) -> None:
    """Remove what configure and build have made, and nothing else.

    The lock of requirements, `fata.lock`, stays: it belongs under version control.
    """
    actions = plan(settings.config.absolute().parent)
    carry_out(actions, settings, dry_run=dry_run)
