"""`fata doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from fata.cli.host import reached
from fata.doctor import Finding, State, examine
from functoria.cli.settings import common
from functoria.cli.show import colour

_MARKS = {
    State.GOOD: click.style("ok  ", fg="green"),
    State.LIMITED: click.style("warn", fg="yellow"),
    State.MISSING: click.style("fail", fg="red"),
}


@click.command("doctor")
@common
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--host", metavar="USER@HOST", help="Look at that machine instead of this one.")
@reached
def command(as_json: bool, host: str | None, port: int | None, identity: Path | None) -> int:
    """Say what this machine can and cannot do, and the command that mends each."""
    findings = examine() if host is None else _examine_host(host, port, identity)
    if as_json:
        rows = [{**asdict(finding), "state": finding.state.value} for finding in findings]
        click.echo(json.dumps({"schema": 1, "findings": rows}, indent=2))
    else:
        for finding in findings:
            click.echo(_row(finding), color=colour())
    return int(any(finding.state is State.MISSING for finding in findings))


def _examine_host(host: str, port: int | None, identity: Path | None) -> tuple[Finding, ...]:
    from fata.host.connection import Connection
    from fata.host.destination import parse_destination
    from fata.host.examine import findings, kind_of
    from fata.host.probe import gather
    from fata.host.steps import setup_command

    destination = parse_destination(host, port, identity)
    with Connection(destination) as connection:
        facts = gather(connection)
    return findings(facts, destination.name, setup_command(destination, kind_of(facts)))


def _row(finding: Finding) -> str:
    row = f"{_MARKS[finding.state]} {finding.name}: {finding.found}"
    return f"{row}\n       do: {finding.do}" if finding.do else row
