"""The command line: arguments to functions, errors to messages and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from xlcfg.cli import checking, converting, editing
from xlcfg.cli.files import VERSION
from xlcfg.error import ParseError, UsageError, XlcfgError
from xlcfg.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\
FILE can be `-` for standard input. Exit codes: 0 all is well, 1 there are errors or differences,
2 the command line is wrong.
"""


class _Parser(argparse.ArgumentParser):
    """Raises instead of exiting, so that all errors look alike."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, None, f"see `{self.prog} --help`")


def build() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser: argparse.ArgumentParser = _Parser(
        prog="xlcfg", description="Xen guest configurations.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"xlcfg {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    checking.add(commands)
    editing.add(commands)
    converting.add(commands)
    return parser


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line; argparse loses values that follow an option, so they are put back."""
    options, rest = build().parse_known_args(arguments)
    strange = rest if options.command != "fill" else [a for a in rest if a.startswith("-")]
    if strange:
        what = f"unrecognized arguments: {' '.join(strange)}"
        raise UsageError(what, None, f"see `xlcfg {options.command} --help`")
    if rest:
        options.values += rest
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is the result."""
    try:
        options = _parsed(arguments)
        run = options.run
        code: int = run(options)
        sys.stdout.flush()
    except ParseError as error:
        for problem in error.problems:
            _tell(problem.show(error.file))
        return error.exit_code
    except XlcfgError as error:
        where = "" if error.where is None else f"{error.where}: "
        _tell(f"{where}error: {error.what}; {error.do}")
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _tell(line: str) -> None:
    sys.stderr.write(visible(line) + "\n")
