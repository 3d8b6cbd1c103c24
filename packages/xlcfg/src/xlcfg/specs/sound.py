"""Virtual sound cards: `vsnd` in xl.cfg(5). A card is a list of items, each a list of keys."""

from __future__ import annotations

from xlcfg.rules import SPEC
from xlcfg.specs.flaw import Flaw
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.words import Count, Word

_COUNT = Count(0, (1 << 32) - 1)
_COMMON = (
    Key("sample-rates"),
    Key("sample-formats"),
    Key("channels-min", _COUNT),
    Key("channels-max", _COUNT),
    Key("buffer-size", _COUNT),
)
ITEMS = {
    "card": Grammar(
        "a sound card",
        (*_COMMON, Key("backend"), Key("short-name"), Key("long-name")),
        Style.PREFIX,
        SPEC,
    ),
    "pcm": Grammar("a sound device", (*_COMMON, Key("name")), Style.PREFIX, SPEC),
    "stream": Grammar(
        "a sound stream",
        (*_COMMON, Key("unique-id"), Key("type", Word(("p", "c")))),
        Style.PREFIX,
        SPEC,
    ),
}
"""The kinds of items of a card and their keys."""

FORMATS = (
    "s8", "u8", "s16_le", "s16_be", "u16_le", "u16_be", "s24_le", "s24_be", "u24_le", "u24_be",
    "s32_le", "s32_be", "u32_le", "u32_be", "float_le", "float_be", "float64_le", "float64_be",
    "iec958_subframe_le", "iec958_subframe_be", "mu_law", "a_law", "ima_adpcm", "mpeg", "gsm",
)  # fmt: skip
"""The sample formats that there are."""


def flaws(text: str) -> list[Flaw]:
    """What is wrong with one item of a sound card as it is written."""
    kind, comma, rest = text.partition(",")
    grammar = ITEMS.get(kind.strip(" ").lower())
    if grammar is None:
        return [Flaw(f"`{kind}` is no part of a sound card", "write card, pcm or stream")]
    start = len(kind) + len(comma)
    entries, found = grammar.entries(rest)
    found = [Flaw(flaw.what, flaw.do, flaw.offset + start, flaw.rule) for flaw in found]
    for entry in entries:
        if entry.key == "sample-formats":
            for word in filter(None, entry.value.split(";")):
                if word not in FORMATS:
                    do = f"write some of {', '.join(FORMATS)} with `;` between"
                    found.append(Flaw(f"`{word}` is no sample format", do, start + entry.offset))
    return found
