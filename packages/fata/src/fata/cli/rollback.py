"""`fata rollback`."""

from __future__ import annotations

import click

from fata.cli.place import place_of, placed
from fata.cli.service import ask, generation, waiting
from functoria.cli.settings import Settings, common


@click.command("rollback")
@common
@placed
@generation
@waiting
@click.pass_obj
def command(
    settings: Settings,
    app: str | None,
    environment: str,
    to: str | None,
    generation: int | None,
    wait: float,
) -> None:
    """Return to the release before, or to another that is kept.

    It becomes a new generation, and goes the way of one: what serves now serves until the other
    is healthy. `fata history` shows what is kept.
    """
    place = place_of(settings, app, environment, to)
    answer = ask(settings, place, "rollback", generation=generation, wait=wait)
    click.echo(answer.get("guest", ""))
