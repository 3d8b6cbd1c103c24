"""How the command line shows errors: what is wrong, where, and what to do next."""

from __future__ import annotations

import os

import click

from functoria.error import Position, UserError


def error_text(error: UserError) -> str:
    """`error_text(e)` is the one shape that errors have.

    A position in a file is followed by the text of its line.
    """
    lines = [f"error: {error.what}"]
    if error.where is not None:
        lines.append(f"   at: {error.where}")
        source = _source(error.where)
        if source:
            lines.append(f"       {source}")
    lines.append(f"   do: {error.do}")
    return "\n".join(lines)


def show_error(error: UserError) -> None:
    """Print the error to standard error."""
    head, _, rest = error_text(error).partition(":")
    click.echo(click.style(head, fg="red", bold=True) + ":" + rest, err=True, color=colour())


def colour() -> bool | None:
    """`colour()` is `False` where the user wants none (no-color.org), else up to the terminal."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if unwanted else None


def _source(where: Position | str) -> str:
    import linecache

    return linecache.getline(where.file, where.line).strip() if isinstance(where, Position) else ""
