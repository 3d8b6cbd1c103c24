"""`help`: the help of a command."""

from __future__ import annotations

import click

from functoria.cli.settings import settings_of


def _complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    command = context.find_root().command
    verbs = command.list_commands(context) if isinstance(command, click.Group) else []
    return [verb for verb in verbs if verb.startswith(begun)]


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]", shell_complete=_complete)
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> int:
    """Show the help of a command, or what commands there are."""
    above = context.find_root()
    arguments = [*words, "--help"]
    result = above.command.main(
        arguments,
        prog_name=above.info_name,
        standalone_mode=False,
        obj=settings_of(context),
    )
    return result if isinstance(result, int) else 0
