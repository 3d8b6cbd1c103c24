"""What the CPUID instruction tells the guest: `cpuid` in xl.cfg(5), in both of its forms.

`xl` complains of a part that it does not understand and goes on without it. The names of the
features are those of the hypervisor's version and are not checked here.
"""

from __future__ import annotations

import re

from xlcfg.rules import SPEC_IGNORED
from xlcfg.specs.flaw import Flaw

_FLAG = re.compile(r"[a-z0-9_.-]+=(?:[01xks]|0x[0-9a-fA-F]+|[0-9]+)")
_BITS = re.compile(r"[01xks-]{32}")
_LEAF = re.compile(r"(?:0x[0-9a-fA-F]+|[0-9]+)(?:,(?:0x[0-9a-fA-F]+|[0-9]+))?")
_REGISTER = re.compile(r"e[abcd]x")


def text_flaws(text: str) -> list[Flaw]:
    """What is wrong with the libxl form: `host,feature=value,...`."""
    words = text.split(",")
    if words[0] != "host":
        do = "begin with `host,`"
        return [Flaw(f"`{text}` does not begin with `host`", do, 0, SPEC_IGNORED)] if text else []
    found = []
    start = 0
    for word in words:
        if start and word and not _FLAG.fullmatch(word):
            do = "write `feature=1`, or 0, x, k, s or a number"
            found.append(Flaw(f"`{word}` is no feature", do, start, SPEC_IGNORED))
        start += len(word) + 1
    return found


def line_flaws(text: str) -> list[Flaw]:
    """What is wrong with one line of the xend form: `leaf[,subleaf]:reg=bits,...`."""
    leaf, colon, registers = text.partition(":")
    if not colon or not _LEAF.fullmatch(leaf):
        do = "write `leaf[,subleaf]:eax=...`"
        return [Flaw(f"`{leaf}` is no leaf of CPUID", do, 0, SPEC_IGNORED)]
    found = []
    start = len(leaf) + 1
    for word in registers.split(","):
        register, _, bits = word.partition("=")
        if not _REGISTER.fullmatch(register.strip()) or not _BITS.fullmatch(bits):
            do = "write `eax=` to `edx=` and 32 of 0, 1, x, k, s and -"
            found.append(Flaw(f"`{word}` is no register", do, start, SPEC_IGNORED))
        start += len(word) + 1
    return found
