"""The command line: one verb per file. Nothing else prints."""

from __future__ import annotations

import sys

from fata.cli.entry import run


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    sys.exit(run(sys.argv[1:]))
