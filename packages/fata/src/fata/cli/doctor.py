"""`fata doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

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
def command(as_json: bool) -> int:
    """Say what this machine can and cannot do, and the command that mends each."""
    findings = examine()
    if as_json:
        rows = [{**asdict(finding), "state": finding.state.value} for finding in findings]
        click.echo(json.dumps({"schema": 1, "findings": rows}, indent=2))
    else:
        for finding in findings:
            click.echo(_row(finding), color=colour())
    return int(any(finding.state is State.MISSING for finding in findings))


def _row(finding: Finding) -> str:
    row = f"{_MARKS[finding.state]} {finding.name}: {finding.found}"
    return f"{row}\n       do: {finding.do}" if finding.do else row
