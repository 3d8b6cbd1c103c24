"""The command line: one verb per file. Nothing else prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its code.

    Nothing is imported before an interrupt can be caught: ctrl-C shows no traceback, however
    early it comes.
    """
    try:
        from fata.cli.entry import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = 130
    sys.exit(code)
