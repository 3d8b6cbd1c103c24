"""`completion`: a script that teaches a shell the words of the tool."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from functoria.cli.settings import settings_of

SHELLS = ("bash", "fish", "zsh")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print a script that completes commands, options, keys and their values.

    For bash, put `eval "$(TOOL completion bash)"` into ~/.bashrc; likewise for zsh. For fish, save
    it as ~/.config/fish/completions/TOOL.fish.
    """
    tool = settings_of(context).tool
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"No completion is known for '{shell}'", context)
    root = context.find_root()
    variable = f"_{tool.name.upper().replace('-', '_')}_COMPLETE"
    click.echo(kind(root.command, {}, tool.name, variable).source())
