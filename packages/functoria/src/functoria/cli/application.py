"""The command line of a tool: its verbs, its version, its exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from functoria.cli.entry import run
from functoria.cli.group import Verb, Verbs
from functoria.tool import Tool

STANDARD: Mapping[str, Verb] = {
    "configure": Verb("functoria.cli.verbs.configure", "Choose keys and write what they say."),
    "describe": Verb("functoria.cli.verbs.describe", "Show what a program is made of, and why."),
    "query": Verb("functoria.cli.verbs.query", "Print one thing about a project, for scripts."),
    "clean": Verb("functoria.cli.verbs.clean", "Remove what was generated, and nothing else."),
    "completion": Verb("functoria.cli.verbs.completion", "Print a script that completes words."),
    "help": Verb("functoria.cli.verbs.help", "Show the help of a command."),
}
"""The verbs that every tool has."""


def application(tool: Tool, verbs: Mapping[str, Verb] | None = None) -> click.Group:
    """`application(tool, verbs)` is the tool as a click command.

    It has the standard verbs if no others are given.
    """
    return Verbs(tool.name, STANDARD if verbs is None else verbs, tool.doc)


def main(tool: Tool, verbs: Mapping[str, Verb] | None = None) -> None:
    """Run the command that the arguments of the process name, and exit with its code."""
    sys.exit(run(application(tool, verbs), tool, sys.argv[1:]))
