"""`fata status`."""

from __future__ import annotations

import json
import time

import click

from fata.cli.place import host_of, hosted
from fata.cli.show import size
from functoria.cli.settings import Settings, common
from functoria.error import UserError


@click.command("status")
@common
@hosted
@click.option("--app", metavar="APP", help="Of this app only.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def command(
    settings: Settings, app: str | None, environment: str, to: str | None, as_json: bool
) -> None:
    """Show what runs on a host, and how it is.

    Everything is asked of the hypervisor at that moment, and set beside what should be.
    """
    from fata.deploy.client import call
    from fata.deploy.shown import report_of, shown

    host = host_of(settings, environment, to)
    asked = {} if app is None else {"app": app, "environment": environment}
    answer = call(host, "status", asked, settings.report)
    if as_json:
        click.echo(json.dumps(answer, indent=2, sort_keys=True))
        return
    found = report_of(answer)
    machine = found.host
    free = f"{size(machine.available)} of {size(machine.memory)} memory free"
    settings.report(f"{host.name}: {machine.driver}, load {machine.load:.1f}, {free}")
    if not machine.supervised and found.services:
        settings.note("no supervisor is at work there: guests that end are not started again")
    for name in machine.strangers:
        settings.note(f"`{name}` runs there, and is not in the host's records")
    for line in shown(found, time.time()):
        click.echo(line)
    if app is not None and not found.services:
        raise UserError(
            f"{host.name} has no `{app}` in `{environment}`",
            "--app",
            "see with `fata status` what it has",
        )
