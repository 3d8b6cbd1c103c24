"""`fata restart`."""

from __future__ import annotations

import click

from fata.cli.place import place_of, placed
from fata.cli.service import ask, waiting
from functoria.cli.settings import Settings, common


@click.command("restart")
@common
@placed
@waiting
@click.pass_obj
def command(
    settings: Settings, app: str | None, environment: str, to: str | None, wait: float
) -> None:
    """Run the live release anew, with the secrets of today.

    It is rolled out as a new one is: the guest before serves until it is healthy.
    """
    answer = ask(settings, place_of(settings, app, environment, to), "restart", wait=wait)
    click.echo(answer.get("guest", ""))
