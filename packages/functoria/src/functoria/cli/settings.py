"""What every command is told: where the configuration is, and how much to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from functoria.cli.show import colour
from functoria.tool import Tool

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Settings:
    """The common options of one run of a tool, filled in as its arguments are parsed."""

    tool: Tool
    file: Path | None = None
    verbosity: int = 0

    @property
    def config(self) -> Path:
        """`settings.config` is the configuration: the file named, or the one in a directory."""
        return located(self.tool, self.file)

    def report(self, text: str) -> None:
        """Say on standard error how the work goes on, unless `--quiet`."""
        if self.verbosity >= 0:
            click.echo(f"  {text}", err=True)

    def detail(self, text: str) -> None:
        """Say what only those want to know who asked with `--verbose`."""
        if self.verbosity > 0:
            click.echo(f"  {text}", err=True)

    def note(self, text: str) -> None:
        """Say what the user should know that is no error, unless `--quiet`."""
        if self.verbosity >= 0:
            label = click.style("note", fg="yellow", bold=True)
            click.echo(f"{label}: {text}", err=True, color=colour())


def located(tool: Tool, file: Path | None) -> Path:
    """`located(tool, file)` is the configuration that `--file` names, which may be by directory."""
    if file is None:
        return Path(tool.config)
    return file / tool.config if file.is_dir() else file


def settings_of(context: click.Context) -> Settings:
    """`settings_of(context)` is the settings of the run that a command is part of."""
    found = context.find_object(Settings)
    if found is None:
        raise TypeError("a verb runs below an application of functoria.cli")
    return found


def common(command: Command) -> Command:
    """`common(command)` has the options that every command has."""
    for decorate in (_quiet, _verbose, _file):
        command = decorate(command)
    return command


def common_options() -> list[click.Parameter]:
    """`common_options()` is these options, for a group: they may also stand before the verb."""
    return click.command()(common(lambda: None)).params


def _set_file(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        settings_of(context).file = Path(value)


def _add_verbosity(context: click.Context, _parameter: click.Parameter, value: int) -> None:
    settings_of(context).verbosity += value


def _be_quiet(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        settings_of(context).verbosity = -1


_file = click.option(
    "-f",
    "--file",
    metavar="FILE",
    help="The configuration, or the directory that it lies in.",
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
