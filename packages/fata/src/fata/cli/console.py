"""`fata console`."""

from __future__ import annotations

import click

from fata.cli.place import place_of, placed
from fata.cli.service import ask_lines, generation
from functoria.cli.settings import Settings, common


@click.command("console")
@common
@placed
@generation
@click.option("-n", "--lines", type=click.IntRange(0, 100_000), default=1000, show_default=True)
@click.option("--previous", is_flag=True, help="Of the guest's life before, if it was restarted.")
@click.pass_obj
def command(
    settings: Settings,
    app: str | None,
    environment: str,
    to: str | None,
    generation: int | None,
    lines: int,
    previous: bool,
) -> None:
    """Show a guest's console, from its power-on, also after its end."""
    place = place_of(settings, app, environment, to)
    ask_lines(settings, place, generation=generation, lines=lines, previous=previous)
