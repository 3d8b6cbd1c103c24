"""USB controllers and devices: `usbctrl` and `usbdev` in xl.cfg(5)."""

from __future__ import annotations

from xlcfg.rules import SPEC
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.words import Count, Word

CONTROLLER = Grammar(
    "a USB controller",
    (
        Key("type", Word(("pv", "qusb", "devicemodel", "auto"))),
        Key("version", Count(1, 3)),
        Key("ports", Count(1, 31)),
    ),
    Style.PREFIX,
    SPEC,
)

DEVICE = Grammar(
    "a USB device",
    (
        Key("type", Word(("hostdev",))),
        Key("hostbus", Count(1, 255)),
        Key("hostaddr", Count(1, 255)),
        Key("controller", Count(0, 255)),
        Key("port", Count(1, 31)),
    ),
    Style.PREFIX,
    SPEC,
)
