"""The scanner of disk specifications.

Source: the scanner of libxlutil 4.17. At each place the rule that covers most of the text
applies, the earlier one of two that cover the same; `target=` takes all the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xlcfg.cnumber import leading
from xlcfg.rules import NO_EFFECT, OBSOLETE, SPEC, SPEC_RANGE, SPEC_VERSION, Rule
from xlcfg.specs.disk_words import ACCESS, FLAGS, FORMATS, KEYS, LATER, WORDS, Format
from xlcfg.specs.flaw import MAX_FLAWS, Flaw

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    _Action: TypeAlias = Callable[["Reading", int], bool]

_BLANK = re.compile(r"[ \t\n]+")
_FLAG = re.compile("(" + "|".join(sorted(map(re.escape, FLAGS), key=len, reverse=True)) + "),?")
_KEY = re.compile(
    r"(format|access|devtype|backendtype|backend|specification|vdev|script|colo-host|colo-port"
    r"|colo-export|active-disk|hidden-disk)=([^,]*),?"
)
_TARGET = re.compile(r"(target)=([^\n]*)")
_STRANGE = re.compile(r"[a-z][-a-z0-9]*=[^,],?")
_FORMAT_PREFIX = re.compile(r"(raw|qcow2?|vhd):")
_SCRIPT_PREFIX = re.compile(r"(iscsi|e?nbd|drbd):")
_IDLE_PREFIX = re.compile(r"(tapdisk|tap2?|aio|ioemu|file|phy):")
_STRANGE_PREFIX = re.compile(r"([a-z][a-z0-9]*):(?=$|[^a-z0-9])")
_POSITIONAL = re.compile(r"([^=,]*),|([^=,]+),?")


@dataclass(slots=True)
class Reading:
    """What is known of a disk half way through its text: `values` by field of `Disk`."""

    text: str
    values: dict[str, object] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    prefixed: bool = False
    access_set: bool = False
    place: int = 0

    def wrong(self, what: str, do: str, rule: Rule = SPEC, offset: int | None = None) -> None:
        at = self.place if offset is None else offset
        self.flaws.append(Flaw(what, do, at, rule))

    @property
    def failed(self) -> bool:
        return any(flaw.rule is SPEC for flaw in self.flaws)

    def save(self, name: str, value: str, key: str) -> None:
        """Set a string that may be set once; an empty one can be set again."""
        if self.values.get(name):
            self.wrong(f"the {key} of the disk is given twice", "give it once")
        else:
            self.values[name] = value

    def choose(self, name: str, value: object, key: str) -> None:
        """Set what may be set again to the same only."""
        if self.values.get(name, value) != value:
            self.wrong(f"the {key} of the disk is given twice", "give it once")
        else:
            self.values[name] = value

    def set_format(self, text: str) -> None:
        if text in FORMATS:
            self.choose("format", FORMATS[text], "format")
        else:
            names = ", ".join(f"`{name}`" for name in FORMATS if name)
            self.wrong(f"`{text}` is no format of a disk", f"write one of {names}")

    def set_access(self, text: str) -> None:
        if text in ACCESS:
            self.values["writable"] = ACCESS[text]
        else:
            self.wrong(f"`{text}` is no access to a disk", "write `rw` or `ro`")

    def set_word(self, key: str, text: str) -> None:
        if text in WORDS[key]:
            self.choose(key, text, key)
        else:
            self.wrong(f"`{text}` is no {key}", f"write one of {', '.join(WORDS[key])}")


def scan(text: str) -> Reading:
    """What a text says of a disk, and what is wrong with it."""
    reading = Reading(text)
    while reading.place < len(text) and len(reading.flaws) < MAX_FLAWS:
        length = _step(reading)
        if length == 0:
            return reading
        reading.place += length
    _finish(reading)
    return reading


def _step(reading: Reading) -> int:
    """Apply the rule that covers most of the text from here; the length that is used up."""
    best = used = 0
    act: _Action = _bad
    for pattern, greedy, rule in _RULES:
        match = pattern.match(reading.text, reading.place)
        if match is None:
            continue
        length = match.end() - match.start()
        covers = length
        if greedy or (pattern is _BLANK and match.end() < len(reading.text)):
            line_end = reading.text.find("\n", match.end())
            covers = (line_end if line_end >= 0 else len(reading.text)) - match.start()
        if covers > best:
            best, used, act = covers, length, rule
    return used if act(reading, used) else 0


def _bad(reading: Reading, used: int) -> bool:
    rest = reading.text[reading.place : reading.place + 30]
    reading.wrong(f"`{rest}` is no part of a disk", "see its parameters in the manual page")
    return False


def _blank(reading: Reading, used: int) -> bool:
    return True


def _flag(reading: Reading, used: int) -> bool:
    name, value = FLAGS[reading.text[reading.place : reading.place + used].rstrip(",")]
    reading.values[name] = value
    if name in LATER:
        what = f"`{name}` of a disk is unknown to the `xl` of Xen 4.17"
        reading.wrong(what, "drop it where that is what runs", SPEC_VERSION)
    return True


def _key(reading: Reading, used: int) -> bool:
    word = reading.text[reading.place : reading.place + used]
    key, _, value = word.partition("=")
    value = value.removesuffix(",")
    match key:
        case "format":
            reading.set_format(value)
        case "access":
            reading.set_access(value)
        case "devtype":
            reading.wrong(f"`{value}` is no type of a disk", "write `cdrom` or `disk`")
        case "backendtype" | "specification":
            reading.set_word(key, value)
        case "colo-port":
            _colo_port(reading, value)
        case _:
            reading.save(KEYS[key], value, key)
    return True


def _colo_port(reading: Reading, value: str) -> None:
    number = leading(value, 10)
    if number is None or number[0] == 0:
        reading.wrong(f"`{value}` is no colo-port", "write a port")
    elif not (0 < number[0] < 65536 and number[1] == len(value)):
        reading.wrong(f"`{value}` is no colo-port", "write a port", SPEC_RANGE)
    reading.values["colo_port"] = value


def _strange(reading: Reading, used: int) -> bool:
    key = reading.text[reading.place : reading.place + used].partition("=")[0]
    reading.wrong(f"a disk has no parameter `{key}`", "see its parameters in the manual page")
    return True


def _prefix(reading: Reading, used: int) -> bool:
    name = reading.text[reading.place : reading.place + used - 1]
    reading.prefixed = True
    if _FORMAT_PREFIX.match(f"{name}:"):
        reading.wrong(f"the prefix `{name}:` is deprecated", f"write `format={name}`", OBSOLETE)
        reading.set_format(name)
    elif _SCRIPT_PREFIX.match(f"{name}:"):
        do = f"write `script=block-{name}`"
        reading.wrong(f"the prefix `{name}:` is deprecated", do, OBSOLETE)
        reading.save("script", f"block-{name}", "script")
    else:
        reading.wrong(f"the prefix `{name}:` is deprecated and means nothing", "drop it", OBSOLETE)
    return True


def _strange_prefix(reading: Reading, used: int) -> bool:
    name = reading.text[reading.place : reading.place + used]
    reading.wrong(f"`{name}` is no prefix of a disk", "write `target=` before the path")
    return False


def _positional(reading: Reading, used: int) -> bool:
    word = reading.text[reading.place : reading.place + used].removesuffix(",")
    values = reading.values
    if reading.failed:
        return True
    if "target" not in values:
        reading.save("target", word, "target")
    elif not reading.prefixed and "format" not in values:
        if not values["target"] and _vdev_and_type(reading, word):
            values["format"] = Format.EMPTY
        else:
            reading.set_format(word)
    elif "vdev" not in values:
        if not _vdev_and_type(reading, word):
            reading.save("vdev", word, "vdev")
    elif not reading.access_set:
        reading.access_set = True
        reading.set_access(word)
    else:
        reading.wrong("a disk has four positional parameters at most", "name the others")
        return False
    return True


def _vdev_and_type(reading: Reading, word: str) -> bool:
    """Take `vdev:type`, a deprecated form; False where the word is none."""
    vdev, colon, kind = word.rpartition(":")
    if not colon:
        return False
    reading.wrong("`vdev:type` is deprecated", f"write `vdev={vdev}, devtype={kind}`", OBSOLETE)
    reading.save("vdev", vdev, "vdev")
    if kind in ("cdrom", "disk"):
        reading.values["cdrom"] = kind == "cdrom"
    else:
        reading.wrong(f"`{kind}` is no type of a disk", "write `cdrom` or `disk`")
    return True


def _finish(reading: Reading) -> None:
    """What only the whole text tells."""
    values = reading.values
    reading.place = 0
    if reading.failed:
        return
    if values.get("cdrom"):
        if values.get("writable") and reading.access_set:
            reading.wrong("a CD-ROM is never writable", "drop the access", NO_EFFECT)
        values["writable"] = False
        if not values.get("target"):
            values["format"] = Format.EMPTY
    if "vdev" not in values:
        reading.wrong("the disk has no vdev", "add `vdev=xvda` or another device of the guest")
    if "target" not in values and not values.get("cdrom"):
        reading.wrong("the disk has no target", "add `target=PATH`")
    elif not values.get("target") and not values.get("cdrom"):
        reading.wrong("the target of the disk is empty", "add `target=PATH`", SPEC_RANGE)
    if "vdev" in values and not _VDEV.fullmatch(str(values["vdev"])):
        what = f"`{values['vdev']}` is no device of a guest"
        reading.wrong(what, "write one such as `xvda`, `sdb` or `hda`", SPEC_RANGE)


_VDEV = re.compile(
    r"(?:xvd[a-z]{1,3}|sd[a-z]{1,2}|hd[a-z])[0-9]{0,3}|d[0-9]+(?:p[0-9]+)?|0x[0-9a-fA-F]+|[0-9]+"
)
_RULES: tuple[tuple[re.Pattern[str], bool, _Action], ...] = (
    (_BLANK, False, _blank),
    (_FLAG, False, _flag),
    (_KEY, False, _key),
    (_TARGET, False, _key),
    (_STRANGE, False, _strange),
    (_FORMAT_PREFIX, True, _prefix),
    (_SCRIPT_PREFIX, True, _prefix),
    (_IDLE_PREFIX, True, _prefix),
    (_STRANGE_PREFIX, True, _strange_prefix),
    (_POSITIONAL, False, _positional),
)
"""The rules of the scanner: what they match, whether they count as matching the whole line."""
