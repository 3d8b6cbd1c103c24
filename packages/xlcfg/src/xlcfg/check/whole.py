"""What only several options together tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlcfg.check.guest import built, guest_of, typed
from xlcfg.check.report import Findings, Report
from xlcfg.cnumber import whole
from xlcfg.error import XlcfgError
from xlcfg.position import START
from xlcfg.rules import (
    CLASH,
    CONFLICT,
    CRASH,
    GUEST_ERROR,
    MISSING,
    RANGE,
    SPEC,
    VALUE,
    WARNED,
    Rule,
)  # fmt: skip
from xlcfg.schema import BY_NAME
from xlcfg.schema.option import Guest
from xlcfg.specs import disk, numa, p9, vif
from xlcfg.tree import List, String

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xlcfg.evaluate import Effective


@dataclass(frozen=True, slots=True)
class Whole:
    """`Whole(effective, findings, xen)` checks a configuration as a whole."""

    effective: Mapping[str, Effective]
    findings: Findings
    xen: tuple[int, int]

    def check(self) -> None:
        """Report what is wrong between options."""
        self._required()
        self._types()
        self._overrides()
        self._numbers()
        self._command_line()
        self._words()
        self._graphics()
        self._numa()
        self._devices()

    def text(self, name: str) -> str | None:
        """The value of an option that is a string, or None."""
        found = self.effective.get(name)
        return None if found is None or found.is_list else str(found.data)

    def number(self, name: str) -> int | None:
        """The value of an option that `xl` reads as a number, or None."""
        text = self.text(name)
        return None if text is None or self.effective[name].added else whole(text)

    def _at(self, name: str, rule: Rule, what: str, do: str) -> None:
        report = Report(BY_NAME[name], self.findings)
        report.add(rule, what, self.effective[name].last.value.at, do)

    def _missing(self, name: str, do: str) -> None:
        what = f"the configuration has no `{name}`"
        self.findings.add(MISSING, what, START, BY_NAME[name].reference, do)

    def _required(self) -> None:
        if self.text("name") is None:
            self._missing("name", 'add `name = "..."`')
        elif not self.text("name"):
            self._at("name", RANGE, "the name is empty", "write a name")
        guest = guest_of(self.effective)
        if guest is Guest.HVM:
            return
        firmware, kernel = self.text("firmware"), self.text("kernel")
        if firmware is not None and kernel is not None:
            self._at("firmware", CONFLICT, "`firmware` and `kernel` are both given", "drop one")
        elif firmware is not None:
            if not any(word.startswith(firmware) for word in ("pvgrub32", "pvgrub64")):
                do = "write `pvgrub32` or `pvgrub64`, or give a `kernel`"
                self._at("firmware", VALUE, f"`firmware` cannot be `{firmware}`", do)
        elif kernel is None and self.text("bootloader") is None:
            self._missing("kernel", 'add `kernel = "PATH"`, or a `bootloader`')
        if guest is Guest.PV and self.text("timer_mode") is not None:
            do = "remove it, or use another type of guest"
            self._at("timer_mode", GUEST_ERROR, "`timer_mode` is not for PV guests", do)

    def _overrides(self) -> None:
        """Programs given without the word that tells `xl` what they are."""
        pairs = [("device_model_override", "device_model_version")]
        if guest_of(self.effective) is Guest.HVM:
            pairs.append(("bios_path_override", "bios"))
        for name, word in pairs:
            if self.text(name) is not None and self.text(word) is None:
                self._at(name, WARNED, f"`{name}` is given without `{word}`", f"add `{word}`")

    def _types(self) -> None:
        old, new = built(self.effective), typed(self.effective)
        if old and new and old is not new:
            what = f"`builder` means {old.value} and `type` {new.value}"
            self._at("builder", CONFLICT, what, "remove `builder`")

    def _numbers(self) -> None:
        few, many = self.number("vcpus"), self.number("maxvcpus")
        if many and few is not None and many < few:
            self._at("maxvcpus", CONFLICT, f"`maxvcpus` is {many}, `vcpus` {few}", "raise it")
        less, more = self.number("memory"), self.number("maxmem")
        if less is not None and more is not None and more < less:
            self._at("maxmem", RANGE, f"`maxmem` is {more}, `memory` {less}", "raise it")

    def _command_line(self) -> None:
        if self.text("cmdline") is None:
            return
        for name in ("root", "extra"):
            if self.text(name) is not None:
                self._at(name, WARNED, f"`{name}` is ignored beside `cmdline`", "drop one of them")

    def _words(self) -> None:
        """A string of arguments that holds none."""
        text = self.text("bootloader_args")
        if text is not None and not text.strip(" \t\n"):
            self._at("bootloader_args", CRASH, "`bootloader_args` is empty", "write `[]`")

    def _graphics(self) -> None:
        listen = self.text("vnclisten")
        if guest_of(self.effective) is not Guest.HVM or listen is None or ":" not in listen:
            return
        if self.number("vncdisplay"):
            what = "the display is given in `vnclisten` and in `vncdisplay`"
            self._at("vncdisplay", CONFLICT, what, "drop one of them")

    def _numa(self) -> None:
        found = self.effective.get("vnuma")
        if found is None or not found.values:
            return
        nodes = [
            {
                pair.key: pair.value
                for text in node.values
                if isinstance(text, String) and (pair := numa.read(text.value)) is not None
            }
            for node in found.values
            if isinstance(node, List)
        ]
        for node in nodes:
            missing = [key for key in numa.KEYS if key not in node]
            if missing:
                what = f"a virtual node has no {', '.join(missing)}"
                self._at("vnuma", RANGE, what, "give every node all four keys")
            elif len(node["vdistances"].split(",")) != len(nodes):
                what = "a virtual node has not one distance for each node"
                self._at("vnuma", RANGE, what, f"give it {len(nodes)}")
        vcpus = sum(numa.count(node.get("vcpus", "")) for node in nodes)
        size = sum(whole(node.get("size", "0"), 10) or 0 for node in nodes)
        if 0 < vcpus < (self.number("vcpus") or 0):
            self._at("vnuma", CONFLICT, f"`vnuma` has {vcpus} vCPUs", "make `vcpus` no more")
        elif self.number("maxvcpus") not in (None, 0, vcpus):
            self._at("vnuma", CONFLICT, f"`vnuma` has {vcpus} vCPUs", "make `maxvcpus` the same")
        if self.number("maxmem") not in (None, size):
            self._at("vnuma", CONFLICT, f"`vnuma` has {size} MB", "make `maxmem` the same")

    def _devices(self) -> None:
        self._clash("disk", lambda text: disk.read(text).vdev, disk.SECTION)
        self._clash("vif", lambda text: vif.read(text).mac.lower(), vif.SECTION)
        self._clash("vif", lambda text: vif.read(text).devid, vif.SECTION)
        self._clash("vif", lambda text: vif.read(text).vifname, vif.SECTION)
        if self.xen >= (4, 19):
            return
        for text in self._strings("p9"):
            for entry in p9.P9.entries(text.value)[0]:
                if entry.key in p9.LATER:
                    what = f"`{entry.key}` of a 9pfs share needs Xen 4.19"
                    section = BY_NAME["p9"].reference
                    at = text.place(entry.offset)
                    self.findings.add(SPEC, what, at, section, "remove it")

    def _strings(self, name: str) -> list[String]:
        found = self.effective.get(name)
        values = found.values if found is not None else ()
        return [value for value in values if isinstance(value, String)]

    def _clash(self, name: str, key: Callable[[str], str], section: str) -> None:
        seen: dict[str, int] = {}
        for text in self._strings(name):
            try:
                this = key(text.value)
            except XlcfgError:
                continue
            if this and this in seen:
                what = f"`{this}` is also that of the {name} in line {seen[this]}"
                self.findings.add(CLASH, what, text.at, section, "change one of them")
            seen.setdefault(this, text.at.line)
