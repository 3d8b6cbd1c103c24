"""Disks: xl-disk-configuration(5).

Source: the scanner of libxlutil 4.17. At each place the rule that covers most of the text
applies, the earlier one of two that cover the same; `target=` takes all the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING

from xlcfg.cnumber import leading
from xlcfg.error import XlcfgError
from xlcfg.rules import NO_EFFECT, OBSOLETE, SPEC, SPEC_RANGE, SPEC_VERSION, Rule
from xlcfg.specs.flaw import Flaw, refuse

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    _Action: TypeAlias = Callable[["_Reading", int], bool]

SECTION = "xl-disk-configuration(5)"


class Format(Enum):
    """How an image file is laid out."""

    RAW = "raw"
    QCOW = "qcow"
    QCOW2 = "qcow2"
    VHD = "vhd"
    QED = "qed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Disk:
    """`Disk(target, vdev, ...)` is a disk; what is empty is left to `xl`.

    `target` is a block device or a file, `vdev` the device in the guest. `str(disk)` is its
    configuration: keys in a fixed order, the target last.
    """

    target: str = ""
    vdev: str = ""
    format: Format = Format.RAW
    writable: bool = True
    cdrom: bool = False
    backend: str = ""
    backendtype: str = ""
    specification: str = ""
    script: str = ""
    direct_io_safe: bool = False
    discard: bool | None = None
    trusted: bool | None = None
    grant_usage: bool | None = None
    colo: bool | None = None
    colo_host: str = ""
    colo_port: str = ""
    colo_export: str = ""
    active_disk: str = ""
    hidden_disk: str = ""

    def __str__(self) -> str:
        empty = self.format is Format.EMPTY and self.cdrom
        parts = [] if empty else [f"format={self.format.value}"]
        parts += [f"vdev={self.vdev}"] if self.vdev else []
        parts += [f"access={'rw' if self.writable else 'ro'}"] if not self.cdrom else ["cdrom"]
        parts += [f"{key}={value}" for name, key in _STRINGS if (value := getattr(self, name))]
        parts += ["direct-io-safe"] if self.direct_io_safe else []
        for name, key, opposite in _SWITCHES:
            value = getattr(self, name)
            parts += [] if value is None else [key if value else opposite]
        text = ", ".join([*parts, f"target={self.target}"] if self.target else parts)
        if read(text) != self:
            what = f"no disk specification says {self!r}"
            raise XlcfgError(what, None, "use values without commas and newlines")
        return text

    def __repr__(self) -> str:
        set_ = [(item.name, getattr(self, item.name)) for item in fields(self)]
        defaults = {item.name: item.default for item in fields(self)}
        shown = [f"{name}={value!r}" for name, value in set_ if value != defaults[name]]
        return f"Disk({', '.join(shown)})"


_STRINGS = (
    ("backend", "backend"), ("backendtype", "backendtype"), ("specification", "specification"),
    ("script", "script"), ("colo_host", "colo-host"), ("colo_port", "colo-port"),
    ("colo_export", "colo-export"), ("active_disk", "active-disk"),
    ("hidden_disk", "hidden-disk"),
)  # fmt: skip
_SWITCHES = (
    ("discard", "discard", "no-discard"),
    ("trusted", "trusted", "untrusted"),
    ("colo", "colo", "no-colo"),
    ("grant_usage", "grant_usage=1", "grant_usage=0"),
)
_LATER = ("trusted", "grant_usage")
_FLAGS: dict[str, tuple[str, object]] = {
    "cdrom": ("cdrom", True),
    "devtype=cdrom": ("cdrom", True),
    "devtype=disk": ("cdrom", False),
    "direct-io-safe": ("direct_io_safe", True),
    **{on: (name, True) for name, on, _ in _SWITCHES},
    **{off: (name, False) for name, _, off in _SWITCHES},
}
_WORDS = {
    "backendtype": ("phy", "tap", "qdisk", "standalone"),
    "specification": ("xen", "virtio"),
}
_FORMATS = {"": Format.RAW, **{item.value: item for item in Format}}
_ACCESS = {"": True, "rw": True, "w": True, "r": False, "ro": False}
_KEYS = {
    key: name for name, key in (*_STRINGS, ("vdev", "vdev"), ("target", "target"))
}  # fmt: skip

_BLANK = re.compile(r"[ \t\n]+")
_FLAG = re.compile("(" + "|".join(sorted(map(re.escape, _FLAGS), key=len, reverse=True)) + "),?")
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
class _Reading:
    """What is known of a disk half way through its text."""

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
        if text in _FORMATS:
            self.choose("format", _FORMATS[text], "format")
        else:
            names = ", ".join(f"`{name}`" for name in _FORMATS if name)
            self.wrong(f"`{text}` is no format of a disk", f"write one of {names}")

    def set_access(self, text: str) -> None:
        if text in _ACCESS:
            self.values["writable"] = _ACCESS[text]
        else:
            self.wrong(f"`{text}` is no access to a disk", "write `rw` or `ro`")

    def set_word(self, key: str, text: str) -> None:
        if text in _WORDS[key]:
            self.choose(key, text, key)
        else:
            self.wrong(f"`{text}` is no {key}", f"write one of {', '.join(_WORDS[key])}")


def read(text: str) -> Disk:
    """The disk that a text describes; raises `XlcfgError`."""
    reading = _scan(text)
    refuse(reading.flaws, "a disk")
    return Disk(**reading.values)  # type: ignore[arg-type]


def flaws(text: str) -> list[Flaw]:
    """What is wrong with a disk as it is written."""
    return _scan(text).flaws


def _scan(text: str) -> _Reading:
    reading = _Reading(text)
    while reading.place < len(text):
        length = _step(reading)
        if length == 0:
            return reading
        reading.place += length
    _finish(reading)
    return reading


def _step(reading: _Reading) -> int:
    """Apply the rule that covers most of the text from here; the length that is used up."""
    best = used = 0
    act: _Action = _bad
    line_end = reading.text.find("\n", reading.place)
    rest = (line_end if line_end >= 0 else len(reading.text)) - reading.place
    for pattern, greedy, rule in _RULES:
        match = pattern.match(reading.text, reading.place)
        if match is None:
            continue
        length = match.end() - match.start()
        covers = max(length, rest) if greedy else length
        if pattern is _BLANK and match.end() < len(reading.text):
            after = reading.text.find("\n", match.end())
            covers = (after if after >= 0 else len(reading.text)) - match.start()
        if covers > best:
            best, used, act = covers, length, rule
    return used if act(reading, used) else 0


def _bad(reading: _Reading, used: int) -> bool:
    rest = reading.text[reading.place : reading.place + 30]
    reading.wrong(f"`{rest}` is no part of a disk", "see its parameters in the manual page")
    return False


def _blank(reading: _Reading, used: int) -> bool:
    return True


def _flag(reading: _Reading, used: int) -> bool:
    name, value = _FLAGS[reading.text[reading.place : reading.place + used].rstrip(",")]
    reading.values[name] = value
    if name in _LATER:
        what = f"`{name}` of a disk is unknown to the `xl` of Xen 4.17"
        reading.wrong(what, "drop it where that is what runs", SPEC_VERSION)
    return True


def _key(reading: _Reading, used: int) -> bool:
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
            reading.save(_KEYS[key], value, key)
    return True


def _colo_port(reading: _Reading, value: str) -> None:
    number = leading(value, 10)
    if number is None or number[0] == 0:
        reading.wrong(f"`{value}` is no colo-port", "write a port")
    elif not (0 < number[0] < 65536 and number[1] == len(value)):
        reading.wrong(f"`{value}` is no colo-port", "write a port", SPEC_RANGE)
    reading.values["colo_port"] = value


def _strange(reading: _Reading, used: int) -> bool:
    key = reading.text[reading.place :].partition("=")[0]
    reading.wrong(f"a disk has no parameter `{key}`", "see its parameters in the manual page")
    return True


def _prefix(reading: _Reading, used: int) -> bool:
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


def _strange_prefix(reading: _Reading, used: int) -> bool:
    name = reading.text[reading.place : reading.place + used]
    reading.wrong(f"`{name}` is no prefix of a disk", "write `target=` before the path")
    return False


def _positional(reading: _Reading, used: int) -> bool:
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


def _vdev_and_type(reading: _Reading, word: str) -> bool:
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


def _finish(reading: _Reading) -> None:
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
