"""Errors a user can act on: what is wrong, where, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """`Position(file, line)` is a place in a file of the user's, shown as `file:line`."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def one_line(text: str) -> str:
    """`one_line(text)` is text from elsewhere as a message holds it, with line ends escaped.

    So is what else cannot be printed, and might change what a terminal shows.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class UserError(Exception):
    """`UserError(what, where, do)` is a failure that its reader can mend.

    `what` is one line without a full stop, literals in backticks. `where` is a position in the
    user's file, an option such as `--target`, a path, or `None` where there is no place to name.
    `do` is the next thing to do. A command that ends with it exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, what: str, where: Position | str | None, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        place = "" if self.where is None else f" (at {self.where})"
        return f"{self.what}{place}; {self.do}"


class UsageError(UserError):
    """`UsageError(what, where, do)` is a mistake on the command line itself: exit code 2."""

    exit_code = 2
