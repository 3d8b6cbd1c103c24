"""`fata new`."""

from __future__ import annotations

from pathlib import Path

import click

from fata.new import TEMPLATES, plan
from functoria.cli.plans import carry_out, dry_run_option
from functoria.cli.settings import Settings, common


class New(click.Command):
    """The command, whose help says what the templates are."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of templates."""
        with formatter.section("Templates"):
            formatter.write_dl([(name, template.doc) for name, template in TEMPLATES.items()])


@click.command("new", cls=New)
@common
@dry_run_option
@click.argument("name")
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    metavar="TEMPLATE",
    default="asgi",
    show_default=True,
    help="What to begin with.",
)
@click.pass_obj
def command(settings: Settings, name: str, template: str, dry_run: bool) -> None:
    """Begin a project, in a new directory called NAME."""
    carry_out(plan(Path(name), template), settings, dry_run=dry_run)
    if not dry_run:
        run = TEMPLATES[template].run
        settings.report(f"cd {name}, then `fata configure -t unix && fata build && {run}`")
