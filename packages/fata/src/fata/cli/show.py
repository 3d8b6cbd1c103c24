"""How the command line shows errors: what is wrong, where, and what to do next."""

from __future__ import annotations

import linecache
import os

import click

from functoria import Position, UserError


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
    return linecache.getline(where.file, where.line).strip() if isinstance(where, Position) else ""


def count(number: int, noun: str) -> str:
    """`count(1, "file")` is `1 file`, and `count(2, "file")` is `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def size(count: int) -> str:
    """`size(n)` is a number of bytes for people: three figures and a unit of 1000."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.95 else f"{amount:.1f} {unit}"
