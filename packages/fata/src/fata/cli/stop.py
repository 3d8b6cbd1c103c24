"""`fata stop`."""

from __future__ import annotations

import click

from fata.cli.place import place_of, placed
from fata.cli.service import ask, waiting
from functoria.cli.settings import Settings, common


@click.command("stop")
@common
@placed
@waiting
@click.pass_obj
def command(
    settings: Settings, app: str | None, environment: str, to: str | None, wait: float
) -> None:
    """End the guest of an app. Its ports lead nowhere until `fata restart`."""
    ask(settings, place_of(settings, app, environment, to), "stop", wait=wait)
