"""Command lines that no shell reads."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from fata.settings.refusal import RefusedError

_SHELL = frozenset("|&;<>()$`*?\n\r")
_QUOTED = frozenset("$`")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`CommandLine(words)` is a program and its arguments."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.words)


def parse_command(text: str) -> CommandLine:
    """`parse_command("pytest -k 'a or b'")` is the words that a shell (POSIX) would make of it.

    What a shell would do more than split is refused, so that a line means the same wherever it
    runs: `RefusedError`.
    """
    found = _meant_for_a_shell(text)
    if found is not None:
        raise RefusedError(
            f"`{text}` has `{found}` for a shell, and is not given to one",
            "quote it, give each command a line of its own, or put them into a script of the "
            "repository",
        )
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        raise RefusedError(
            f"`{text}` has a quotation mark that is not closed", "close it"
        ) from None
    if not words or not words[0]:
        raise RefusedError(f"`{text}` names no program", "write a program and its arguments")
    if not text.isprintable():
        raise RefusedError("a command line has characters that cannot be shown", "leave them out")
    if _ASSIGNMENT.match(words[0]):
        raise RefusedError(f"`{text}` begins with a variable, for a shell", f"write `env {text}`")
    return CommandLine(words)


def _meant_for_a_shell(text: str) -> str | None:
    """The first character that a shell would take for more than text."""
    quote, escaped = "", False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            if character == quote:
                quote = ""
            elif quote == '"' and character in _QUOTED:
                return character
        elif character in "'\"":
            quote = character
        elif character in _SHELL:
            return character.replace("\n", "\\n").replace("\r", "\\r")
    return None
