"""What every command is told: where the configuration is, and how much to say."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from fata.project import Project, load

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_CONFIG = "config.py"


@dataclass(slots=True)
class Settings:
    """The common options of one run of the tool, filled in as its arguments are parsed."""

    config: Path = field(default_factory=lambda: Path(DEFAULT_CONFIG))
    verbosity: int = 0

    def report(self, text: str) -> None:
        """Say on standard error how the work goes on, unless `--quiet`."""
        if self.verbosity >= 0:
            click.echo(f"  {text}", err=True)

    def project(self, options: Mapping[str, str] | None = None) -> Project:
        """`settings.project(options)` is the project, with what the options say of its keys."""
        return load(self.config, options or {}, os.environ)


def common(command: Command) -> Command:
    """`common(command)` has the options that every command has."""
    for decorate in (_quiet, _verbose, _file):
        command = decorate(command)
    return command


def _settings(context: click.Context) -> Settings:
    found: Settings = context.ensure_object(Settings)
    return found


def _set_file(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        _settings(context).config = Path(value)


def _add_verbosity(context: click.Context, _parameter: click.Parameter, value: int) -> None:
    _settings(context).verbosity += value


def _be_quiet(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        _settings(context).verbosity = -1


_file = click.option(
    "-f",
    "--file",
    metavar="FILE",
    help=f"The configuration. [default: {DEFAULT_CONFIG}]",
    expose_value=False,
    is_eager=True,
    callback=_set_file,
)
_verbose = click.option(
    "-v",
    "--verbose",
    count=True,
    help="Say more; twice shows tracebacks.",
    expose_value=False,
    is_eager=True,
    callback=_add_verbosity,
)
_quiet = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Say nothing but errors.",
    expose_value=False,
    is_eager=True,
    callback=_be_quiet,
)
