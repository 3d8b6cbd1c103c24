"""Numbers the way C reads them: `strtol(3)`.

Blanks and a sign may come first, base 0 knows `0x` and a leading zero for octal, and reading
stops at the first character that is no digit.
"""

from __future__ import annotations

import re

LONG_MAX = (1 << 63) - 1

_PATTERNS = {
    0: re.compile(r"[ \t\n\v\f\r]*([-+]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))"),
    10: re.compile(r"[ \t\n\v\f\r]*([-+]?)()()([0-9]+)", re.ASCII),
    16: re.compile(r"[ \t\n\v\f\r]*([-+]?)(?:0[xX])?([0-9a-fA-F]+)()()"),
}
_MAX_DIGITS = 100


def leading(text: str, base: int = 0) -> tuple[int, int] | None:
    """The number that a text starts with and how many characters it takes, or None.

    `base` is 0, 10 or 16. A number of more than a hundred digits counts as `2**400`.
    """
    match = _PATTERNS[base].match(text)
    if match is None:
        return None
    sign, hexadecimal, octal, decimal = match.groups("")
    digits = hexadecimal or octal or decimal
    if len(digits) > _MAX_DIGITS:
        value = 1 << 400
    else:
        value = int(digits, 16 if hexadecimal else 8 if octal else 10)
    return (-value if sign == "-" else value), match.end()


def whole(text: str, base: int = 0) -> int | None:
    """The number that a text is, or None where it is none or does not fit a C long."""
    found = leading(text, base)
    if found is None or found[1] != len(text) or not -LONG_MAX - 1 <= found[0] <= LONG_MAX:
        return None
    return found[0]
