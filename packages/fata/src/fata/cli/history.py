"""`fata history`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from fata.cli.place import place_of, placed
from fata.cli.service import ask
from functoria.cli.settings import Settings, common
from functoria.error import UserError

if TYPE_CHECKING:
    from fata.deploy.status import ServiceReport


@click.command("history")
@common
@placed
@click.option("-n", "--lines", type=click.IntRange(1, 10_000), default=30, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def command(
    settings: Settings,
    app: str | None,
    environment: str,
    to: str | None,
    lines: int,
    as_json: bool,
) -> None:
    """Show the generations of an app, which of them can be returned to, and what happened."""
    from fata.deploy.agent.wire import plain
    from fata.deploy.shown import events_of, moment, report_of, table

    place = place_of(settings, app, environment, to)
    answer = ask(settings, place, "status")
    events = ask(settings, place, "history", limit=lines)
    if as_json:
        click.echo(json.dumps({**answer, **events}, indent=2, sort_keys=True))
        return
    found = report_of(answer)
    told = events_of(events)
    if not found.services and not told:
        raise UserError(
            f"{place.host.name} has never had `{place.app}` in `{place.environment}`",
            "--app" if app else "--env",
            "see with `fata status` what it has",
        )
    for service in found.services:
        for line in table(_rows(service)):
            click.echo(line)
    click.echo()
    for event in reversed(told):
        number = "" if event.generation is None else f" g{event.generation}"
        click.echo(plain(f"{moment(event.at)}{number}  {event.what}"))


def _rows(service: ServiceReport) -> list[tuple[str, ...]]:
    from fata.deploy.agent.wire import plain
    from fata.deploy.shown import moment

    return [
        ("GENERATION", "STAGE", "AT (UTC)", "BY", "IMAGE", "COMMIT", ""),
        *(
            (
                f"g{one.number}",
                one.stage,
                moment(one.changed),
                plain(one.author),
                one.image.removeprefix("sha256:")[:12],
                plain(one.commit[:8]) or "-",
                "can be returned to" if one.returnable else plain(one.reason),
            )
            for one in service.generations
        ),
    ]
