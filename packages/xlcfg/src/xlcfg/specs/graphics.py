"""Paravirtual displays and keyboards: `vfb`, `vdispl` and `vkb` in xl.cfg(5)."""

from __future__ import annotations

import re

from xlcfg.rules import SPEC
from xlcfg.specs.flaw import Flaw
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.words import Count, Word

_SWITCH = Count(0, 1)
_SIZE = Count(0, (1 << 31) - 1)

FRAME_BUFFER = Grammar(
    "a vfb",
    (
        Key("vnc", _SWITCH),
        Key("vnclisten"),
        Key("vncdisplay", Count(0, 59635)),
        Key("vncunused", _SWITCH),
        Key("vncpasswd"),
        Key("sdl", _SWITCH),
        Key("display"),
        Key("xauthority"),
        Key("opengl", _SWITCH),
        Key("keymap"),
    ),
    Style.PAIR,
    None,
)

DISPLAY = Grammar(
    "a vdispl",
    (Key("backend"), Key("be-alloc", _SWITCH), Key("connectors", required=True)),
    Style.PREFIX,
    SPEC,
)

KEYBOARD = Grammar(
    "a vkb",
    (
        Key("unique-id"),
        Key("backend"),
        Key("backend-type", Word(("qemu", "linux")), required=True),
        Key("feature-disable-keyboard", _SWITCH),
        Key("feature-disable-pointer", _SWITCH),
        Key("feature-abs-pointer", _SWITCH),
        Key("feature-raw-pointer", _SWITCH),
        Key("feature-multi-touch", _SWITCH),
        Key("multi-touch-width", _SIZE),
        Key("multi-touch-height", _SIZE),
        Key("multi-touch-num-contacts", _SIZE),
        Key("width", _SIZE),
        Key("height", _SIZE),
    ),
    Style.PREFIX,
    SPEC,
)

_CONNECTOR = re.compile(r"[^:;]+:[0-9]+x[0-9]+")


def display_flaws(text: str) -> list[Flaw]:
    """What is wrong with a virtual display as it is written."""
    entries, found = DISPLAY.entries(text)
    for entry in entries:
        if entry.key != "connectors":
            continue
        for connector in entry.value.split(";"):
            if connector and not _CONNECTOR.fullmatch(connector):
                do = "write `id:WIDTHxHEIGHT`, several with `;` between"
                found.append(Flaw(f"`{connector}` is no connector", do, entry.offset))
    return found
