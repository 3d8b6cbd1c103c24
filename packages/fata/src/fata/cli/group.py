"""The command `fata` and its verbs, each imported when it is called."""

from __future__ import annotations

import importlib

import click

VERBS = {
    "new": "Begin a project from a template.",
    "configure": "Choose keys and write the program that will boot.",
    "build": "Build what was configured.",
    "run": "Run what was built.",
    "trace": "Watch a run, to find what the program imports by computed names.",
    "describe": "Show what a program is made of, and why.",
    "clean": "Remove what configure and build have made.",
    "doctor": "Say what this machine can and cannot do.",
    "kernel": "Build, list and inspect kernels.",
}


class Verbs(click.Group):
    """A group whose commands live in modules of their names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which one needs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command; `None` if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"fata.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a slip of the finger gets a suggestion."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise click.UsageError(f"There is no command '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        from fata.versions import VERSION

        click.echo(f"fata {VERSION}")
        context.exit(0)


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
def fata() -> None:
    """Turn a Python program into a sealed VM that holds only what the program uses."""
