"""Virtio devices: `virtio` in xl.cfg(5) since Xen 4.18."""

from __future__ import annotations

from xlcfg.rules import SPEC
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.words import Count, Word

VIRTIO = Grammar(
    "a virtio device",
    (
        Key("backend"),
        Key("type", required=True),
        Key("transport", Word(("mmio", "pci"))),
        Key("grant_usage", Count(0, 1)),
    ),
    Style.PREFIX,
    SPEC,
)
