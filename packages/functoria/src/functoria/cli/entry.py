"""From arguments to an exit code: errors of every kind end here, in one shape."""

from __future__ import annotations

import os
import re
import signal
import sys

import click

from functoria.cli.group import Verbs
from functoria.cli.settings import Settings
from functoria.cli.show import show_error
from functoria.error import UsageError, UserError
from functoria.tool import Tool

DONE, FAILED, INTERRUPTED = 0, 1, 130
COMPLETION_SECONDS = 3


def run(application: click.Command, tool: Tool, arguments: list[str]) -> int:
    """`run(application, tool, arguments)` is the exit code of what the arguments ask for.

    0 is success, 1 a failure, 2 a mistake in the arguments, 130 an interrupt; a command may end
    with a code of its own.
    """
    settings = Settings(tool)
    if os.environ.get(f"_{tool.prefix}COMPLETE"):
        signal.alarm(COMPLETION_SECONDS)  # nobody waits longer for a word, or can tell us to stop
    try:
        result = application.main(
            arguments, prog_name=tool.name, standalone_mode=False, obj=settings
        )
    except (Exception, KeyboardInterrupt) as error:
        code = _failed(error, application, tool, arguments)
        # An error while the options were being read may have come before `-vv`.
        if settings.verbosity >= 2 or "-vv" in arguments:
            import traceback

            traceback.print_exception(error)
        return code
    return result if isinstance(result, int) else 0


def _failed(
    error: BaseException, application: click.Command, tool: Tool, arguments: list[str]
) -> int:
    """Show the error; the exit code is the result."""
    if isinstance(error.__cause__, KeyboardInterrupt):
        error = error.__cause__  # classes that are being made wrap what interrupts them
    match error:
        case UserError():
            show_error(error)
            return error.exit_code
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return error.exit_code
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else _path(application, tool, arguments)
            usage = _of_click(error, path)
            show_error(usage)
            return usage.exit_code
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            click.echo("interrupted", err=True)
            return INTERRUPTED
        case BrokenPipeError():
            # The reader of our output has gone, as `head` does: there is no one to tell.
            sys.stderr.close()
            return FAILED
        case MemoryError() | OSError():
            what = f"the system refused: {error}" if str(error) else "there is not enough memory"
            show_error(UserError(what, None, "make room, then run the command again"))
            return FAILED
    what = f"{tool.name} itself failed: {type(error).__name__}: {error}"
    show_error(UserError(what, None, "run the command again with `-vv`, and report what it shows"))
    return FAILED


def _path(application: click.Command, tool: Tool, arguments: list[str]) -> str:
    """The command that the arguments name, for an error that click raises before it is one."""
    names, command = [tool.name], application
    for word in arguments:
        found = command.commands.get(word) if isinstance(command, click.Group) else None
        if isinstance(command, Verbs) and word in command.verbs:
            found = command.get_command(click.Context(command), word)
        if found is not None:
            names.append(word)
            command = found
    return " ".join(names)


def _of_click(error: click.UsageError, path: str) -> UsageError:
    if isinstance(error, click.NoSuchOption):
        near = f"did you mean `{error.possibilities[0]}`? " if error.possibilities else ""
        return UsageError(
            f"there is no option `{error.option_name}`",
            error.option_name,
            f"{near}see `{path} --help`",
        )
    parameter = getattr(error, "param", None)
    option = getattr(error, "option_name", None)
    if isinstance(parameter, click.Option):
        option = max(parameter.opts, key=len)
    elif isinstance(parameter, click.Argument):
        option = parameter.make_metavar(error.ctx) if error.ctx else parameter.name
    message = " ".join(error.format_message().split()).rstrip(".").replace("'", "`")
    what = message[:1].lower() + message[1:]
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        what = f"value of `{option}`: {_of_value(error.message, parameter)}"
    return UsageError(what, option or path, f"see `{path} --help`")


def _of_value(message: str, parameter: click.Parameter | None) -> str:
    """What click says of a value, without the names of its types and its inequalities."""
    text = message.rstrip(".").replace("'", "`")
    text = re.sub(r"a valid integer( range)?$", "a whole number", text)
    if parameter is None or not isinstance(parameter.type, click.IntRange):
        return text
    least, most = parameter.type.min, parameter.type.max
    bounds = f"at least {least}" if most is None else f"from {least} to {most}"
    return re.sub(r"^(-?\d+) is not in the range .*", rf"`\1` is not {bounds}", text)
