"""`fata audit`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from fata.cli.place import host_of, hosted
from functoria.cli.settings import Settings, common
from functoria.error import UserError

if TYPE_CHECKING:
    from fata.deploy.audit import Entry


@click.command("audit")
@common
@hosted
@click.option("-n", "--lines", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option(
    "--before", type=click.IntRange(1), metavar="NUMBER", help="Only what was before that request."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def command(
    settings: Settings,
    environment: str,
    to: str | None,
    lines: int,
    before: int | None,
    as_json: bool,
) -> None:
    """Show who asked a host for what, and what became of it; the newest last.

    The log is checked, too: exit code 1 where it was changed or cut.
    """
    from fata.deploy.client import call
    from fata.deploy.shown import table

    host = host_of(settings, environment, to)
    request = {"limit": lines, "before": before, "verify": True}
    answer = call(host, "audit", request, settings.report)
    if as_json:
        click.echo(json.dumps(answer, indent=2, sort_keys=True))
    else:
        rows = [_row(entry) for entry in _entries(answer)]
        head = ("NUMBER", "AT (UTC)", "WHO", "FROM", "WHAT", "RESULT", "")
        for line in table([head, *rows]) if rows else ():
            click.echo(line)
        if not rows:
            settings.report("nothing was asked of it yet")
    fault = answer.get("fault")
    if isinstance(fault, dict):
        raise UserError(
            f"the log is not as it was written: {_plain(fault.get('why'))}",
            f"{_plain(fault.get('file'))}:{_plain(fault.get('line'))} on {host.name}",
            "find out who could write there; compare it with a backup of the host",
        )


def _entries(answer: Mapping[str, object]) -> tuple[Entry, ...]:
    import msgspec

    from fata.deploy.audit import Entry

    try:
        return msgspec.convert(answer.get("entries"), tuple[Entry, ...])
    except ValueError:
        raise UserError(
            "the host's answer about its log cannot be understood",
            "fata audit",
            "run the command again, which brings the host's fata to the version of yours",
        ) from None


def _row(entry: Entry) -> tuple[str, ...]:
    from fata.deploy.shown import moment

    generation = None if entry.generation is None else f"g{entry.generation}"
    about = [entry.app, entry.environment, generation]
    name = entry.request.get("name")
    what = " ".join(
        str(word)
        for word in (entry.verb, entry.request.get("action"), ".".join(filter(None, about)), name)
        if word
    )
    shown = (str(entry.number), moment(entry.when), entry.who, entry.address or "-", what)
    return tuple(map(_plain, (*shown, entry.result, entry.why)))


def _plain(value: object) -> str:
    return "".join(char for char in str(value) if char.isprintable())
