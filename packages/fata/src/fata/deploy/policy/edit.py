"""Changes `policy.toml` for a user, and leaves all else that people wrote there as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from fata.deploy.policy.load import parse
from fata.settings.lines import line_of
from functoria.error import Position, UserError

Value = str | int | tuple[str, ...]


def with_user(text: str, file: str, name: str, values: Mapping[str, Value]) -> str:
    """`with_user(text, file, name, values)` is the file with this table of the user's.

    Raises `UserError` where it would not be valid, or cannot be changed without the hand of
    whoever wrote it.
    """
    text = text.replace("\r\n", "\n")
    before = parse(_bytes(text), file)
    lines = [f"[users.{name}]", *(f"{key} = {_shown(value)}" for key, value in values.items())]
    if name in before.users:
        head, tail = _around(text, file, name)
    else:
        head, tail = text.rstrip("\n").split("\n") if text.strip() else [], []
    gap = [""] if head and head[-1].strip() else []
    made = "\n".join((*head, *gap, *lines, *tail)).rstrip("\n") + "\n"
    after = parse(_bytes(made), file)
    if {**after.users, name: None} != {**before.users, name: None} or name not in after.users:
        raise _by_hand(file, name)
    return made


def without_user(text: str, file: str, name: str) -> str:
    """`without_user(text, file, name)` is the file without that user. Raises `UserError`."""
    text = text.replace("\r\n", "\n")
    before = parse(_bytes(text), file)
    if name not in before.users:
        return text
    head, tail = _around(text, file, name)
    while tail and not tail[0].strip() and not (head and head[-1].strip()):
        tail.pop(0)
    made = "\n".join((*head, *tail)).rstrip("\n") + "\n"
    left = {other: user for other, user in before.users.items() if other != name}
    if parse(_bytes(made), file).users != left:
        raise _by_hand(file, name)
    return made


def _around(text: str, file: str, name: str) -> tuple[list[str], list[str]]:
    """The lines before the user's table, and those after it."""
    lines = text.split("\n")
    first = line_of(text, ("users", name)) - 1
    if not re.match(rf'\s*\[\s*users\s*\.\s*["\']?{name}["\']?\s*\]\s*(#.*)?$', lines[first]):
        raise _by_hand(file, name)
    last = first + 1
    while last < len(lines) and not lines[last].lstrip().startswith("["):
        last += 1
    # What is written above the next table belongs to that, and remarks at the end to nobody.
    while last > first + 1 and _is_remark(lines[last - 1]):
        last -= 1
    return lines[:first], lines[last:]


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _by_hand(file: str, name: str) -> UserError:
    return UserError(
        f"`{name}` is written there in a way that only you can change",
        Position(file, 1),
        f"change it in an editor on the host, best into a table `[users.{name}]` of its own",
    )


def _bytes(text: str) -> bytes:
    """The bytes of a file, also of one that is not UTF-8, which is refused then."""
    return text.encode("utf-8", "surrogateescape")


def _shown(value: Value) -> str:
    # What JSON writes of printable text and of numbers is TOML as well.
    return json.dumps(list(value) if isinstance(value, tuple) else value)
