"""The failure that a caller or the reader of a terminal can mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlcfg.diagnostic import Diagnostic


class XlcfgError(Exception):
    """`XlcfgError(what, where, do)` is what is wrong, where, and what to do next.

    `what` is one line without a full stop, literals in backticks; `where` is a place such as
    `guest.xl:3:7`, an option or a path, or `None`; `do` is the next thing to do. The command
    ends with `exit_code` when it meets one.
    """

    exit_code = 1

    def __init__(self, what: str, where: str | None, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        place = "" if self.where is None else f" (at {self.where})"
        return f"{self.what}{place}; {self.do}"


class UsageError(XlcfgError):
    """`UsageError(what, where, do)` is a mistake on the command line itself: exit code 2."""

    exit_code = 2


class ParseError(XlcfgError):
    """`ParseError(problems, file)` is a text that `xl` would refuse to read.

    `problems` holds every error that was found, in the order of the text; the error itself
    tells the first.
    """

    def __init__(self, problems: Sequence[Diagnostic], file: str) -> None:
        first = problems[0]
        super().__init__(first.what, f"{file}:{first.at}", first.do)
        self.problems = tuple(problems)
        self.file = file
