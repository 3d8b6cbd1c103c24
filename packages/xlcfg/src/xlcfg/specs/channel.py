"""Channels to the guest: `channel` in xl.cfg(5), xen-pv-channel(7)."""

from __future__ import annotations

from xlcfg.rules import SPEC_IGNORED, SPEC_RANGE
from xlcfg.specs.flaw import Flaw
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.words import Word

CHANNEL = Grammar(
    "a channel",
    (
        Key("backend"),
        Key("name"),
        Key("path"),
        Key("connection", Word(("pty", "socket"), fold=False), required=True),
    ),
    Style.TRIMMED,
    SPEC_IGNORED,
)


def flaws(text: str) -> list[Flaw]:
    """What is wrong with a channel as it is written."""
    entries, found = CHANNEL.entries(text)
    values = {entry.key: entry.value for entry in entries}
    if values.get("connection") == "socket" and "path" not in values:
        found.append(Flaw("the channel is a socket without a path", "add `path=PATH`"))
    if "name" not in values:
        found.append(Flaw("the channel has no name", "add `name=NAME`", 0, SPEC_RANGE))
    return found
