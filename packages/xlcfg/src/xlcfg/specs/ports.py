"""Ranges of the host for the guest: `ioports`, `iomem` and `irqs` in xl.cfg(5)."""

from __future__ import annotations

import re

from xlcfg.cnumber import leading
from xlcfg.rules import SPEC, SPEC_IGNORED, SPEC_RANGE
from xlcfg.specs.flaw import Flaw

_MAX = (1 << 32) - 1
_IOMEM = re.compile(r"(?:0[xX])?[0-9A-Fa-f]+,(?:0[xX])?[0-9A-Fa-f]+(?:@(?:0[xX])?[0-9A-Fa-f]+)?")


def ioport_flaws(text: str) -> list[Flaw]:
    """What is wrong with a range of I/O ports, in hexadecimal: `2f8` or `2f8-2ff`."""
    do = "write `2f8` or `2f8-2ff` in hexadecimal"
    first = leading(text, 16)
    if first is None:
        return [Flaw(f"`{text}` is no range of I/O ports", do)]
    low, place = first
    high = low
    if text[place : place + 1] == "-":
        second = leading(text[place + 1 :], 16)
        if second is None:
            return [Flaw(f"`{text}` is no range of I/O ports", do, place + 1)]
        high, place = second[0], place + 1 + second[1]
        if place != len(text):
            return [Flaw(f"`{text}` is no range of I/O ports", do, place)]
    if low >= _MAX or high >= _MAX:
        return [Flaw(f"`{text}` is no range of I/O ports", "write numbers below 10000")]
    if place != len(text):
        return [Flaw(f"`{text}` is no range of I/O ports", do, place, SPEC_IGNORED)]
    if not 0 <= low <= high <= 0xFFFF:
        return [Flaw(f"`{text}` is no range of I/O ports", do, 0, SPEC_RANGE)]
    return []


def irq_flaws(text: str) -> list[Flaw]:
    """What is wrong with the number of an interrupt, in decimal."""
    number = leading(text, 10)
    if number is None or number[1] != len(text) or not 0 <= number[0] < _MAX:
        return [Flaw(f"`{text}` is no interrupt", "write a decimal number")]
    return []


def iomem_flaws(text: str) -> list[Flaw]:
    """What is wrong with pages of I/O memory: `START,PAGES` or `START,PAGES@GFN`."""
    if _IOMEM.fullmatch(text):
        return []
    do = "write `START,PAGES[@GFN]` in hexadecimal, without blanks"
    rule = SPEC_RANGE if re.search(r"[ +\t-]", text) else SPEC
    return [Flaw(f"`{text}` is no range of I/O memory", do, 0, rule)]


def color_flaws(text: str) -> list[Flaw]:
    """What is wrong with cache colors: `3` or `0-4`."""
    if re.fullmatch(r"[0-9]+(?:-[0-9]+)?", text):
        return []
    return [Flaw(f"`{text}` is no range of colors", "write `3` or `0-4`")]
