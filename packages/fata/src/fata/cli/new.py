"""`fata new`."""

from __future__ import annotations

from pathlib import Path

import click

from fata.new import TEMPLATES, plan
from functoria.cli.plans import carry_out
from functoria.cli.settings import Settings, common


@click.command("new")
@common
@click.argument("name")
@click.option(
    "--template",
    type=click.Choice(sorted(TEMPLATES)),
    default="asgi",
    show_default=True,
    help="What to begin with.",
)
@click.pass_obj
def command(settings: Settings, name: str, template: str) -> None:
    """Begin a project, in a new directory called NAME."""
    carry_out(plan(Path(name), template), settings)
    settings.report(f"cd {name}, then `fata configure -t unix && fata build && fata run`")
