"""What a program said of its failure, in one line and within bounds."""

from __future__ import annotations

import re

_ERROR = re.compile(r"\b(error|panic)\b", re.IGNORECASE)
_CAUSE = 400
_REST = 600


def complaint(said: bytes | str, otherwise: str = "without a word") -> str:
    """`complaint(said)` is why a program failed: first the line that says the cause.

    That is the first which is marked as an error, or else the first: programs say the cause, and
    then what followed of it, such as all that had to be undone. As much of that comes after it as
    is readable, its end rather than its beginning.
    """
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    lines = [printable for line in text.splitlines() if (printable := _printable(line))]
    if not lines:
        return otherwise
    first = next((number for number, line in enumerate(lines) if _ERROR.search(line)), 0)
    cause, rest = _cut(lines[first], _CAUSE), "; ".join(lines[first + 1 :])
    if not rest:
        return cause
    if len(rest) > _REST:
        rest = f"... {rest[-_REST:]}"
    return f"{cause} (then: {rest})"


def _printable(line: str) -> str:
    return "".join(character for character in line if character.isprintable()).strip()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
