"""`configure`: choose keys, and write what they say."""

from __future__ import annotations

import click

from functoria.cli.keyed import KeyedCommand, project_of
from functoria.cli.plans import carry_out, dry_run_option
from functoria.cli.settings import common, settings_of
from functoria.configure import plan


class Configure(KeyedCommand):
    """The command that starts anew, whatever was saved before."""

    saved = False


@click.command("configure", cls=Configure)
@common
@dry_run_option
@click.pass_context
def command(context: click.Context, dry_run: bool) -> None:
    """Choose keys and write what they say.

    Keys that are not given keep their defaults: what an earlier `configure` said is forgotten.
    """
    settings = settings_of(context)
    project = project_of(context)
    carry_out(plan(project), settings, dry_run=dry_run)
    if not dry_run:
        chosen = ", ".join(
            f"{key.option} {key.shown(project.context.get(key))}"
            for key in project.keys
            if key in project.context.bindings
        )
        step = f": {settings.tool.next_step}" if settings.tool.next_step else ""
        with_ = f" with {chosen}" if chosen else ""
        settings.report(f"{project.program.name} is configured{with_}{step}")
