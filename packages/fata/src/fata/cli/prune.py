"""`fata prune`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import click

from fata.cli.place import host_of, hosted
from fata.cli.show import count, size
from functoria.cli.settings import Settings, common
from functoria.error import UserError


@click.command("prune")
@common
@hosted
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def command(
    settings: Settings, environment: str, to: str | None, dry_run: bool, as_json: bool
) -> None:
    """Remove what no release on a host needs.

    What is live stays, and so does what can be rolled back to, and what came within the last hour.
    """
    from fata.deploy.client import call

    host = host_of(settings, environment, to)
    answer = call(host, "prune", {"dry_run": dry_run})
    if as_json:
        click.echo(json.dumps(answer, indent=2, sort_keys=True))
        return
    total, lines = 0, 0
    for path, length, why in _removals(answer):
        click.echo(f"{size(length):>8}  {path}: {why}")
        total, lines = total + length, lines + 1
    done = "would be removed" if dry_run else "removed"
    text = f"{count(lines, 'file')} {done}, {size(total)}" if lines else "nothing to remove"
    settings.report(text)


def _removals(answer: Mapping[str, object]) -> Iterator[tuple[str, int, str]]:
    found = answer.get("removed")
    for one in found if isinstance(found, list) else ():
        try:
            path, length, why = str(one["path"]), int(one["size"]), str(one["why"])
        except (KeyError, TypeError, ValueError):
            raise UserError(
                "the host's answer cannot be understood",
                "fata prune",
                "run the command again, which brings the host's fata to the version of yours",
            ) from None
        yield _plain(path), length, _plain(why)


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
