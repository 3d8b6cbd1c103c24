"""`fata logs`."""

from __future__ import annotations

import click

from fata.cli.place import place_of, placed
from fata.cli.service import ask_lines
from functoria.cli.settings import Settings, common


@click.command("logs")
@common
@placed
@click.option("-n", "--lines", type=click.IntRange(0, 100_000), default=50, show_default=True)
@click.option("--no-follow", is_flag=True, help="End after what there is.")
@click.pass_obj
def command(
    settings: Settings,
    app: str | None,
    environment: str,
    to: str | None,
    lines: int,
    no_follow: bool,
) -> None:
    """Follow what the live guest of an app prints, until ctrl-C or its end."""
    place = place_of(settings, app, environment, to)
    ask_lines(settings, place, lines=lines, follow=not no_follow)
