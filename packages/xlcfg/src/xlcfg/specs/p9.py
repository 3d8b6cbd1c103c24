"""Shared directories: `p9` in xl.cfg(5), with the keys that Xen 4.19 added."""

from __future__ import annotations

from xlcfg.rules import SPEC, SPEC_INCOMPLETE
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.words import Count, Word

_COUNT = Count(0, (1 << 32) - 1)

P9 = Grammar(
    "a 9pfs share",
    (
        Key("tag", required=True),
        Key("security_model", required=True),
        Key("path", required=True),
        Key("backend"),
        Key("type", Word(("qemu", "xen_9pfsd"))),
        Key("max-files", _COUNT),
        Key("max-open-files", _COUNT),
        Key("max-space", _COUNT),
        Key("auto-delete", Count(0, 1)),
    ),
    Style.PAIR,
    SPEC,
    incomplete=SPEC_INCOMPLETE,
)
"""The keys of a shared directory."""

LATER = ("type", "max-files", "max-open-files", "max-space", "auto-delete")
"""The keys that Xen 4.17 refuses."""

PVCALLS = Grammar("a pvcalls device", (Key("backend"),), Style.PAIR, SPEC)
"""The keys of a `pvcalls` device."""
