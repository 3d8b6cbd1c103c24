"""A command and its verbs, each imported when it is called."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import click

from functoria.cli.settings import common_options, settings_of
from functoria.tool import Tool


@dataclass(frozen=True, slots=True)
class Verb:
    """`Verb("module", doc)` is a verb whose module has a click command called `command`.

    One that is `hidden` is for programs: help and completion do not show it.
    """

    module: str
    doc: str
    hidden: bool = False


class Verbs(click.Group):
    """A group whose commands live in modules; an unambiguous beginning names a verb, too."""

    def __init__(self, name: str, verbs: Mapping[str, Verb], doc: str) -> None:
        super().__init__(name, help=doc, context_settings={"help_option_names": ["-h", "--help"]})
        self.verbs = dict(verbs)
        self.params = [
            click.Option(["-V", "--version"], is_flag=True, help="Show the version and exit."),
            click.Option(["--json"], is_flag=True, help="With --version: of all that takes part."),
            *common_options(),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words before the verb; asked for the version, show it and end."""
        rest = super().parse_args(ctx, args)
        if ctx.params.get("version"):
            _show_version(settings_of(ctx).tool, as_json=bool(ctx.params.get("json")))
            ctx.exit(0)
        if ctx.params.get("json"):
            raise click.UsageError("Before a command, '--json' goes with '--version'", ctx)
        return rest

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which one needs them."""
        return list(self._shown())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command; `None` if there is no such verb."""
        verb = self.verbs.get(cmd_name)
        if verb is None:
            return None
        command: click.Command = importlib.import_module(verb.module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.doc) for name, verb in self._shown().items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a slip of the finger gets a suggestion."""
        if args and args[0] not in self.verbs and not args[0].startswith("-"):
            args = [self._meant(args[0], ctx), *args[1:]]
        return super().resolve_command(ctx, args)

    def _shown(self) -> Mapping[str, Verb]:
        return {name: verb for name, verb in self.verbs.items() if not verb.hidden}

    def _meant(self, word: str, ctx: click.Context) -> str:
        begun = [verb for verb in self._shown() if verb.startswith(word)]
        if len(begun) == 1:
            return begun[0]
        if begun:
            which = ", ".join(f"`{verb}`" for verb in begun)
            raise click.UsageError(f"'{word}' may be the beginning of {which}", ctx)
        from difflib import get_close_matches

        near = get_close_matches(word, self._shown(), 1, 0.65)  # `topics` is not a slip for `stop`
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise click.UsageError(f"There is no command '{word}'{hint}", ctx)


def _show_version(tool: Tool, *, as_json: bool) -> None:
    if as_json:
        versions = {"schema": 1, tool.name: tool.version, **tool.versions()}
        click.echo(json.dumps(versions, indent=2))
    else:
        click.echo(f"{tool.name} {tool.version}")
