"""`fata secrets`."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from fata.cli.place import Place, place_of, placed
from functoria.cli.settings import Settings, common
from functoria.error import UsageError, UserError

_MOST = 1 << 21
"""Of what is read; the host says exactly how long a value may be."""


@click.group("secrets")
def command() -> None:
    """Set, list and remove what only a program may know.

    Values are encrypted on the host, and given to guests on a disk of their own.
    """


@command.command("set")
@common
@placed
@click.option(
    "--from",
    "source",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take the bytes of a file as they are.",
)
@click.argument("name")
@click.pass_obj
def _set(
    settings: Settings,
    app: str | None,
    environment: str,
    to: str | None,
    source: Path | None,
    name: str,
) -> None:
    """Give a secret its value: from standard input, a file, or asked for at the terminal."""
    from fata.deploy.secrets.names import check_secret, check_value

    check_secret(name)
    place = place_of(settings, app, environment, to)
    value = _value(name, source)
    check_value(name, value)
    answer = _asked(place, "set", name=name, value=base64.b64encode(value).decode())
    settings.report(f"`{name}` is set for {_where(place)}, in version {answer['version']}")
    settings.report("guests get it when they start: run `fata restart`, or deploy")


@command.command("list")
@common
@placed
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def _list(
    settings: Settings, app: str | None, environment: str, to: str | None, as_json: bool
) -> None:
    """List names, and who set them when. Values are never shown."""
    place = place_of(settings, app, environment, to)
    answer = _asked(place, "list")
    if as_json:
        click.echo(json.dumps(answer, indent=2, sort_keys=True))
        return
    rows = _rows(answer)
    if not rows:
        settings.report(f"{_where(place)} has no secrets")
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for *cells, last in rows:
        fitted = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        click.echo("  ".join((*fitted, last)))


@command.command("rm")
@common
@placed
@click.argument("name")
@click.pass_obj
def _remove(
    settings: Settings, app: str | None, environment: str, to: str | None, name: str
) -> None:
    """Remove a secret. Guests that run keep it until they end."""
    place = place_of(settings, app, environment, to)
    answer = _asked(place, "remove", name=name)
    settings.report(f"`{name}` is removed for {_where(place)}, in version {answer['version']}")


def _asked(place: Place, action: str, **more: str) -> Mapping[str, object]:
    from fata.deploy.client import call

    request = {"action": action, "app": place.app, "environment": place.environment, **more}
    return call(place.host, "secrets", request)


def _value(name: str, source: Path | None) -> bytes:
    """The value. Of a pipe, one line feed at its end is not part of it: `echo` has put it there."""
    if source is not None:
        return _read(source)
    if sys.stdin.isatty():
        text: str = click.prompt(
            f"Value of {name}", hide_input=True, confirmation_prompt="Once more", err=True
        )
        return text.encode()
    return sys.stdin.buffer.read(_MOST).removesuffix(b"\n")


def _read(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            return file.read(_MOST)
    except OSError as error:
        raise UsageError(
            f"the value cannot be read: {(error.strerror or str(error)).lower()}",
            f"--from {source}",
            "name a file that you can read, or give the value on standard input",
        ) from None


def _rows(answer: Mapping[str, object]) -> list[tuple[str, str, str, str]]:
    """Name, version, when and by whom, as the host has answered."""
    found = answer.get("secrets")
    try:
        return [
            (
                _plain(str(one["name"])),
                f"v{int(one['version'])}",
                datetime.fromtimestamp(int(one["set"]), UTC).strftime("%Y-%m-%d %H:%M UTC"),
                _plain(str(one["by"])),
            )
            for one in (found if isinstance(found, list) else ())
        ]
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise UserError(
            "the host's answer about secrets cannot be understood",
            "fata secrets list",
            "run the command again, which brings the host's fata to the version of yours",
        ) from None


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def _where(place: Place) -> str:
    return f"`{place.app}` in `{place.environment}`"
