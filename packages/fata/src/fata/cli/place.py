"""Which app, in which of its environments, on which host a command is about."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from fata.host.destination import Destination
from functoria.cli.settings import Settings
from functoria.error import UsageError, UserError

Command = TypeVar("Command", bound=Callable[..., Any])
PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Place:
    """`Place(app, environment, host)` is what a command about deployments is about."""

    app: str
    environment: str
    host: Destination


def placed(command: Command) -> Command:
    """`placed(command)` has the options that say where, as `app`, `environment` and `to`."""
    for decorate in (_app, _environment, _to):
        command = decorate(command)
    return command


def hosted(command: Command) -> Command:
    """`hosted(command)` has the options that say which host, as `environment` and `to`."""
    for decorate in (_environment, _to):
        command = decorate(command)
    return command


_to = click.option(
    "--to", metavar="HOST", help="What ssh reaches; otherwise the host that fata.toml names."
)
_environment = click.option(
    "--env",
    "--environment",
    "environment",
    metavar="ENV",
    default=PRODUCTION,
    show_default=True,
    help="One of the app's environments.",
)
_app = click.option(
    "--app", metavar="APP", help="The app; otherwise that of the directory you are in."
)


def place_of(settings: Settings, app: str | None, environment: str, to: str | None) -> Place:
    """`place_of(settings, app, environment, to)` is what the options and the project say.

    `fata.toml` names the host, and the app where it differs from the program's name. Raises
    `UserError`.
    """
    from fata.deploy.secrets.names import check_place
    from fata.settings import load

    host = host_of(settings, environment, to)
    name = app or load(settings.config.parent).app or _program(settings)
    check_place(name, environment)
    return Place(name, environment, host)


def host_of(settings: Settings, environment: str, to: str | None) -> Destination:
    """`host_of(settings, environment, to)` is the host that is meant. Raises `UserError`."""
    from fata.host.destination import parse_destination
    from fata.settings import load

    directory = settings.config.parent
    host = to if to is not None else load(directory).environment(environment).host
    if host is None:
        raise UsageError(
            f"it is not said which host `{environment}` is on",
            "--to",
            f"name it with `--to HOST`, or in fata.toml: `[environments.{environment}]` with "
            '`host = "USER@HOST"`',
        )
    return parse_destination(host, None, None, "--to")


def _program(settings: Settings) -> str:
    import fata.project

    if not settings.config.is_file():
        raise UsageError(
            "it is not said which app is meant, and there is no project here",
            "--app",
            "name it with `--app NAME`, or go to the directory of its config.py",
        )
    try:
        return fata.project.load(settings.config, {}, os.environ).program.name
    except UserError as error:
        raise UserError(
            error.what, error.where, f"{error.do}; or name the app with `--app`"
        ) from None
