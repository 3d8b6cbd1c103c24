"""`fata remove`."""

from __future__ import annotations

import sys

import click

from fata.cli.place import place_of, placed
from fata.cli.service import ask, waiting
from functoria.cli.settings import Settings, common
from functoria.error import UserError


@click.command("remove")
@common
@placed
@waiting
@click.option("--data", is_flag=True, help="Remove its volumes and secrets, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(
    settings: Settings,
    app: str | None,
    environment: str,
    to: str | None,
    wait: float,
    data: bool,
    yes: bool,
) -> None:
    """End an app on a host, and forget its releases.

    Its volumes and secrets stay, unless you say `--data`.
    """
    place = place_of(settings, app, environment, to)
    if not yes:
        what = f"`{place.app}` in `{place.environment}` on {place.host.name}"
        more = " with its volumes and secrets" if data else ""
        _confirm(f"Remove {what}{more}?")
    ask(settings, place, "remove", wait=wait, data=data)


def _confirm(question: str) -> None:
    """Raise `UserError` unless the user says yes."""
    try:
        if click.confirm(question, err=True):
            return
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
    raise UserError("nothing was removed, for nobody said yes", None, "answer `y`, or give `--yes`")
