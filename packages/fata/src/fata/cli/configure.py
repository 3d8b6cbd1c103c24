"""`fata configure`."""

from __future__ import annotations

import click

from fata.cli.keys import KeyedCommand, project_of
from fata.cli.plans import carry_out
from fata.cli.settings import Settings, common
from fata.configure import plan


class Configure(KeyedCommand):
    """The command that starts anew, whatever was saved before."""

    saved = False


@click.command("configure", cls=Configure)
@common
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_context
def command(context: click.Context, dry_run: bool) -> None:
    """Choose keys and write the program that will boot.

    Keys that are not given keep their defaults: what an earlier `configure` said is forgotten.
    """
    settings = context.ensure_object(Settings)
    project = project_of(context, saved=False)
    actions = plan(project)
    carry_out(actions, settings, dry_run=dry_run)
    if not dry_run:
        settings.report(
            f"{project.program.name} is configured for {project.target}: run `fata build`"
        )
