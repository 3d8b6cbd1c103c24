"""`fata dashboard`."""

from __future__ import annotations

import click

from fata.cli.place import PRODUCTION, host_of
from fata.host.destination import Destination
from functoria.cli.settings import Settings, common
from functoria.error import UsageError


@click.command("dashboard")
@common
@click.argument("host", metavar="[HOST]", required=False)
@click.option(
    "--env",
    "environment",
    metavar="ENV",
    default=PRODUCTION,
    show_default=True,
    help="Without HOST: whose host it is, as fata.toml has it.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Where it is served on this machine; otherwise a port that is free.",
)
@click.pass_obj
def command(settings: Settings, host: str | None, environment: str, port: int) -> None:
    """Serve a web page of a host, here on loopback, until it is interrupted.

    It shows what runs there, how it is, what it uses and what it prints, and rolls back. The host
    is asked through ssh and opens no port for it. The address that is printed has a token in it,
    which lets in who knows it.
    """
    from fata.dashboard.serve import serve
    from fata.deploy.client import Remote

    destination = _destination(settings, environment, host)

    def ready(address: str) -> None:
        settings.report(f"{destination.name} is shown here until ctrl-C:")
        click.echo(address)

    serve(destination.name, lambda: Remote(destination, settings.report), port, ready)


def _destination(settings: Settings, environment: str, host: str | None) -> Destination:
    try:
        return host_of(settings, environment, host)
    except UsageError as error:
        do = error.do.replace("--to HOST", "fata dashboard HOST")
        raise UsageError(error.what, "HOST", do) from None
