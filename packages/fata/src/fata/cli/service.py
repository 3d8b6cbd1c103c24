"""What the commands about one service share: their options, and one call to the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from fata.cli.place import Place
from functoria.cli.settings import Settings
from functoria.converter import DURATION
from functoria.error import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])
_DAYS = 30 * 24 * 3600.0


def _seconds(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float:
    if text is None:
        return 0.0
    try:
        return float(DURATION.parse(text))
    except ValueError as error:
        raise UsageError(str(error), "--wait", "write it as `90s` or `5m`") from None


waiting = click.option(
    "--wait",
    metavar="TIME",
    callback=_seconds,
    help="How long to wait for another change of the same app to end, such as 5m.",
)
generation = click.option(
    "--generation", type=click.IntRange(1), metavar="NUMBER", help="Which one, as history has it."
)


def ask(settings: Settings, place: Place, verb: str, **more: object) -> Mapping[str, object]:
    """`ask(settings, place, verb, ...)` is the host's answer about that service."""
    from fata.deploy.client import call

    request = {"app": place.app, "environment": place.environment, **more}
    return call(place.host, verb, request, settings.report)


def ask_lines(settings: Settings, place: Place, **more: object) -> None:
    """Print the lines of a console, as the host tells them."""
    from fata.deploy.client import Remote

    request = {"app": place.app, "environment": place.environment, **more}
    with Remote(place.host, settings.report) as remote:
        remote.call("console", request, click.echo, seconds=_DAYS)
