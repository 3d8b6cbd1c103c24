"""From arguments to an exit code: errors of every kind end here, in one shape."""

from __future__ import annotations

import sys
import traceback

import click

from fata.cli.group import fata
from fata.cli.settings import Settings
from fata.cli.show import show_error
from fata.exit_codes import FAILED, INTERRUPTED
from functoria import UsageError, UserError


def run(arguments: list[str]) -> int:
    """`run(arguments)` is the exit code of the command that the arguments name.

    0 is success, 1 a failure, 2 a mistake in the arguments, 130 an interrupt; `fata run` ends
    with the code of what it ran.
    """
    settings = Settings()
    try:
        result = fata.main(arguments, prog_name="fata", standalone_mode=False, obj=settings)
    except (Exception, KeyboardInterrupt) as error:
        code = _failed(error)
        # An error while the options were being read may have come before `-vv`.
        if settings.verbosity >= 2 or "-vv" in arguments:
            traceback.print_exception(error)
        return code
    return result if isinstance(result, int) else 0


def _failed(error: BaseException) -> int:
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
            usage = _of_click(error)
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
    what = f"fata itself failed: {type(error).__name__}: {error}"
    show_error(UserError(what, None, "run the command again with `-vv`, and report what it shows"))
    return FAILED


def _of_click(error: click.UsageError) -> UsageError:
    message = error.format_message().rstrip(".").replace("'", "`")
    what = message[:1].lower() + message[1:]
    path = error.ctx.command_path if error.ctx else "fata"
    option = getattr(error, "option_name", None) or getattr(
        getattr(error, "param", None), "name", None
    )
    return UsageError(what, option or path, f"see `{path} --help`")
