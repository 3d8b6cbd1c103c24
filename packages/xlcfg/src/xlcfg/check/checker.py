"""All rules over one configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlcfg.check.guest import guest_of
from xlcfg.check.report import Findings, Report
from xlcfg.check.values import check_value
from xlcfg.check.whole import Whole
from xlcfg.evaluate import sums
from xlcfg.parser import parse_all
from xlcfg.position import Position
from xlcfg.quoting import odd_escapes
from xlcfg.rules import (
    DUPLICATE,
    ENCODING,
    GUEST,
    LOST_ESCAPE,
    NO_EFFECT,
    OBSOLETE,
    PLATFORM,
    UNKNOWN,
    VERSION,
    WARNED,
)  # fmt: skip
from xlcfg.schema import BY_NAME
from xlcfg.schema.option import NEWEST, Architecture, Guest
from xlcfg.text import decode
from xlcfg.tree import Document, List, Operator, String, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xlcfg.diagnostic import Diagnostic
    from xlcfg.evaluate import Effective
    from xlcfg.schema.option import Option

_SYNTAX = "xl.cfg(5), SYNTAX"


def check_text(data: str | bytes, xen: tuple[int, int] = NEWEST) -> list[Diagnostic]:
    """Every finding about a text, in its order; findings about what can be read where not all can.

    `xen` is the version that the configuration is for.
    """
    text = decode(data) if isinstance(data, bytes) else data
    document, problems = parse_all(text)
    found = problems or check(document, xen)
    return sorted([*_encoding(text), *found], key=lambda finding: finding.at)


def check(document: Document, xen: tuple[int, int] = NEWEST) -> list[Diagnostic]:
    """Every finding about a configuration, in the order of the text."""
    effective, problems = sums(document)
    findings = Findings(problems)
    if not problems:
        _duplicates(document, effective, findings)
        _escapes(document, findings)
        guest = guest_of(effective)
        for name, found in effective.items():
            option = BY_NAME.get(name)
            if option is None:
                _unknown(name, found, findings)
            else:
                _option(Report(option, findings), found, guest, xen, effective)
        Whole(effective, findings, xen).check()
    return sorted(findings.all, key=lambda finding: finding.at)


def _option(
    report: Report,
    found: Effective,
    guest: Guest,
    xen: tuple[int, int],
    effective: Mapping[str, Effective],
) -> None:
    option = report.option
    at = found.last.at
    if option.since > xen:
        wanted = f"{option.since[0]}.{option.since[1]}"
        what = f"`{option.name}` does nothing before Xen {wanted}"
        report.add(VERSION, what, at, f"remove it, or check for Xen {wanted}")
        return
    if option.architecture is Architecture.ARM:
        report.add(PLATFORM, f"`{option.name}` is for Arm only", at, "remove it on x86")
    if guest not in option.guests or not _read(option, guest, effective):
        what = f"`{option.name}` does nothing for {guest.value.upper()} guests"
        report.add(GUEST, what, at, "remove it, or change the type of the guest")
        return
    if option.deprecated:
        rule = WARNED if option.warned else OBSOLETE
        report.add(rule, f"`{option.name}` is deprecated", at, option.deprecated)
    items = _looked_at(report, found, effective)
    check_value(report, found, items)


_WITH_VNC = (
    "vnclisten", "vncpasswd", "vncdisplay", "vncunused", "sdl", "opengl", "display",
    "xauthority", "keymap",
)  # fmt: skip


def _read(option: Option, guest: Guest, effective: Mapping[str, Effective]) -> bool:
    """Whether `xl` reads an option, which can depend on others."""
    if option.name == "stdvga":
        return "vga" not in effective
    if guest is not Guest.PV or option.name not in ("vnc", *_WITH_VNC):
        return True
    frames = effective.get("vfb")
    if frames is not None and frames.values:
        return True
    vnc = effective.get("vnc")
    return option.name == "vnc" or (vnc is not None and vnc.data != "0")


def _looked_at(report: Report, found: Effective, effective: Mapping[str, Effective]) -> int | None:
    """How many items of a list `xl` looks at: one for each vCPU in the lists of CPUs."""
    if report.option.name not in ("cpus", "cpus_soft") or not found.is_list:
        return None
    whole = Whole(effective, report.findings, NEWEST)
    count = whole.number("maxvcpus") or whole.number("vcpus") or 0
    if 0 <= count < len(found.values):
        what = f"`{report.option.name}` has more items than the guest has vCPUs"
        at = found.values[count].at
        report.add(NO_EFFECT, what, at, "remove them, or set `vcpus` or `maxvcpus`")
    return max(count, 0)


def _unknown(name: str, found: Effective, findings: Findings) -> None:
    from difflib import get_close_matches

    near = get_close_matches(name[:64], BY_NAME, n=1)
    do = f"did you mean `{near[0]}`?" if near else "remove it, or write it as a comment"
    at = found.last.at
    findings.add(UNKNOWN, f"`{name[:64]}` is no option", at, "xl.cfg(5), OPTIONS", do)


def _duplicates(document: Document, effective: Mapping[str, Effective], findings: Findings) -> None:
    """Settings that a later one overrides."""
    used = {id(setting) for found in effective.values() for setting in found.settings}
    for setting in document.settings:
        last = effective[setting.name]
        if id(setting) not in used:
            line = last.settings[0].at.line
            what = f"`{setting.name}` is given again in line {line}, which counts"
            findings.add(DUPLICATE, what, setting.at, _SYNTAX, "remove one of them")
        elif setting.operator is Operator.ADD and last.settings[0] is setting:
            what = f"`+=` finds no `{setting.name}` to add to"
            findings.add(NO_EFFECT, what, setting.at, _SYNTAX, "write `=`")


def _escapes(document: Document, findings: Findings) -> None:
    for setting in document.settings:
        for string in _strings(setting.value):
            for escape in odd_escapes(string.text):
                at = Position(string.at.line, string.at.column + escape.offset)
                what = f"`xl` reads the escape `{escape.text}` as nothing"
                findings.add(LOST_ESCAPE, what, at, _SYNTAX, "write the character itself")


def _strings(value: Value) -> Iterator[String]:
    if isinstance(value, List):
        for part in value.values:
            yield from _strings(part)
    elif value.quoted and "\\" in value.text:
        yield value


def _encoding(text: str) -> list[Diagnostic]:
    """One finding where bytes are no UTF-8, at the first of them."""
    findings = Findings()
    if not text.isascii():
        for number, line in enumerate(text.split("\n"), 1):
            column = next((i for i, char in enumerate(line) if "\ud800" <= char <= "\udfff"), -1)
            if column >= 0:
                byte = f"0x{ord(line[column]) & 0xFF:02x}"
                what = f"the byte {byte} is no UTF-8"
                at = Position(number, column + 1)
                findings.add(ENCODING, what, at, _SYNTAX, "save the file as UTF-8")
                break
    return findings.all
