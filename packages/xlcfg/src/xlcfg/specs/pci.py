"""PCI devices: xl-pci-configuration(5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xlcfg.cnumber import leading
from xlcfg.error import XlcfgError
from xlcfg.rules import SPEC, SPEC_IGNORED, SPEC_RANGE
from xlcfg.specs.flaw import MAX_FLAWS, Flaw, refuse

SECTION = "xl-pci-configuration(5)"

_BDF = re.compile(r"(?:([0-9A-Fa-f]+):)?([0-9A-Fa-f]+):([0-9A-Fa-f]+)\.([0-9A-Fa-f]+|\*)")
_FLAGS = ("permissive", "msitranslate", "seize", "power_mgmt")


@dataclass(frozen=True, slots=True)
class Pci:
    """`Pci(bdf, name, vslot, ...)` is a device of the host for the guest.

    It is named by `bdf` (`0000:03:00.0`; the function may be `*`) or by `name`. `str(pci)` is
    its configuration.
    """

    bdf: str = ""
    name: str = ""
    vslot: int | None = None
    permissive: bool | None = None
    msitranslate: bool | None = None
    seize: bool | None = None
    power_mgmt: bool | None = None
    rdm_policy: str = ""

    def __str__(self) -> str:
        parts = [f"bdf={self.bdf}"] if self.bdf else [f"name={self.name}"]
        parts += [] if self.vslot is None else [f"vslot={self.vslot:x}"]
        for flag in _FLAGS:
            value = getattr(self, flag)
            parts += [] if value is None else [f"{flag}={int(value)}"]
        parts += [f"rdm_policy={self.rdm_policy}"] if self.rdm_policy else []
        text = ",".join(parts)
        if read(text) != self:
            raise XlcfgError(
                f"no PCI specification says {self!r}", None, "use names without commas"
            )
        return text


def read(text: str) -> Pci:
    """The device that a text describes; raises `XlcfgError`."""
    pci, found = _scan(text)
    refuse(found, "a PCI device")
    return pci


def flaws(text: str) -> list[Flaw]:
    """What is wrong with a PCI device as it is written."""
    return _scan(text)[1]


def _scan(text: str) -> tuple[Pci, list[Flaw]]:
    found: list[Flaw] = []
    values: dict[str, object] = {}
    place = 0
    match = _BDF.match(text)
    if match is not None and (wrong := _bdf(match[0])) is None:
        values["bdf"] = match[0]
        place = match.end()
        if text[place : place + 1] == "@":
            slot = text[place + 1 :].partition(",")[0]
            _slot(slot, place + 1, values, found)
            place += 1 + len(slot)
        if place < len(text) and text[place] != ",":
            do = "write `@SLOT` or `,key=value` after it"
            rule = SPEC_RANGE if text[place] in "xX" else SPEC
            return Pci(), [Flaw(f"`{text[place:]}` cannot follow a BDF", do, place, rule)]
        place += 1
    elif match is not None and "=" not in text:
        return Pci(), [Flaw(str(wrong), "write `[DDDD:]BB:SS.F` as lspci(1) does")]
    while place < len(text) and len(found) < MAX_FLAWS:
        end = text.find(",", place)
        word = text[place:] if end < 0 else text[place:end]
        _pair(word, place, values, found)
        place += len(word) + 1
    if not values.get("bdf") and not values.get("name"):
        found.append(Flaw("the PCI device has neither BDF nor name", "add `bdf=BB:SS.F`"))
    return Pci(**values), found  # type: ignore[arg-type]


def _pair(word: str, place: int, values: dict[str, object], found: list[Flaw]) -> None:
    key, equals, value = word.partition("=")
    at = place + len(key) + 1
    if not equals:
        found.append(Flaw(f"`{word}` is no `key=value`", "write a value after `=`", place))
    elif key == "vslot":
        _slot(value, at, values, found)
    elif key in _FLAGS:
        number = leading(value, 10)
        values[key] = number is not None and number[0] != 0
        if value not in ("0", "1"):
            found.append(Flaw(f"`{value}` is no {key}", "write 0 or 1", at, SPEC_RANGE))
    elif key == "rdm_policy":
        values[key] = value
        if value not in ("strict", "relaxed"):
            do = "write `strict` or `relaxed`"
            found.append(Flaw(f"`{value}` is no rdm_policy", do, at, SPEC))
    elif key in ("bdf", "name"):
        if "bdf" in values or "name" in values:
            rule = SPEC_RANGE if key == "bdf" and "name" not in values else SPEC
            do = "give one BDF or one name"
            found.append(Flaw("the PCI device is named twice", do, place, rule))
        elif key == "bdf" and (wrong := _bdf(value)) is not None:
            found.append(Flaw(wrong, "write `[DDDD:]BB:SS.F` as lspci(1) does", at))
        values[key] = value
    else:
        do = f"its keys are bdf, name, vslot, {', '.join(_FLAGS)}, rdm_policy"
        found.append(Flaw(f"`{key}` is no key of a PCI device", do, place, SPEC_IGNORED))


def _slot(text: str, offset: int, values: dict[str, object], found: list[Flaw]) -> None:
    number = leading(text, 16)
    if number is None or number[1] != len(text) or not 0 <= number[0] <= 0x1F:
        do = "write a hexadecimal number from 0 to 1f"
        found.append(Flaw(f"`{text}` is no virtual slot", do, offset))
    else:
        values["vslot"] = number[0]


def _bdf(text: str) -> str | None:
    """Why a text is no BDF, or None."""
    match = _BDF.fullmatch(text)
    if match is None:
        return f"`{text}` is no BDF"
    domain, bus, slot, function = match.groups("0")
    bounds = ((domain, 0xFFFF), (bus, 0xFF), (slot, 0x1F), (function.replace("*", "0"), 7))
    if all(int(part[:10], 16) <= high and len(part) <= 10 for part, high in bounds):
        return None
    return f"`{text}` has a number that is too large for a BDF"
