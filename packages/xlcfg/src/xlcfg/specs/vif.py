"""Network interfaces: xl-network-configuration(5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from xlcfg.cnumber import leading
from xlcfg.rules import SPEC, SPEC_IGNORED, SPEC_RANGE
from xlcfg.specs.flaw import Flaw
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.words import Digits, Word

SECTION = "xl-network-configuration(5)"

_COLO = tuple(
    Key(name)
    for name in (
        "forwarddev",
        *(
            f"colo_sock_{part}_{end}"
            for part in (
                "mirror", "compare_pri_in", "compare_sec_in", "compare_notify", "redirector0",
                "redirector1", "redirector2", "sec_redirector0", "sec_redirector1",
            )
            for end in ("id", "ip", "port")
        ),
        *(
            f"colo_filter_{part}"
            for part in (
                "mirror_queue", "mirror_outdev", "redirector0_queue", "redirector0_indev",
                "redirector0_outdev", "redirector1_queue", "redirector1_indev",
                "redirector1_outdev", "sec_redirector0_queue", "sec_redirector0_indev",
                "sec_redirector0_outdev", "sec_redirector1_queue", "sec_redirector1_indev",
                "sec_redirector1_outdev", "sec_rewriter0_queue",
            )
        ),
        "colo_compare_pri_in", "colo_compare_sec_in", "colo_compare_out",
        "colo_compare_notify_dev", "colo_checkpoint_host", "colo_checkpoint_port",
    )
)  # fmt: skip

GRAMMAR = Grammar(
    "a vif",
    (
        Key("mac"),
        Key("bridge"),
        Key("gatewaydev"),
        Key("netdev", instead="`gatewaydev`"),
        Key("type", Word(("vif", "ioemu"), SPEC_IGNORED, fold=False)),
        Key("model"),
        Key("vifname"),
        Key("script"),
        Key("ip"),
        Key("backend"),
        Key("rate"),
        Key("devid", Digits(0, 255)),
        Key("mtu", Digits(68, 65535)),
        Key("accel", instead="no such key: it does nothing"),
        *_COLO,
    ),
    Style.PREFIX,
    SPEC_IGNORED,
    flags=("trusted", "untrusted"),
)
"""The keys of a network interface."""

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_RATE = re.compile(r"([0-9]+)([GMK]?)([Bb])/s(?:@([0-9]+)([mu]?)s?)?")
_OCTAL = re.compile(r"(?:^|@)0[0-9]")
_SCALES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_FRACTIONS = {"": 10**6, "m": 10**3, "u": 1}
_MAX = (1 << 32) - 1
_LONG = 20


@dataclass(frozen=True, slots=True)
class Rate:
    """`Rate(credit, interval)` is a limit: so many bytes each so many microseconds."""

    credit: int
    interval: int


@dataclass(frozen=True, slots=True)
class Vif:
    """`Vif(mac, bridge, ...)` is a network interface; what is empty is left to `xl`.

    `more` holds keys without a field here, in order. `str(vif)` is its configuration.
    """

    mac: str = ""
    bridge: str = ""
    gatewaydev: str = ""
    type: str = ""
    model: str = ""
    vifname: str = ""
    script: str = ""
    ip: str = ""
    backend: str = ""
    rate: str = ""
    devid: str = ""
    mtu: str = ""
    trusted: bool | None = None
    more: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        pairs = {name: value for name in _FIELDS if (value := getattr(self, name))}
        if self.trusted is not None:
            pairs["trusted" if self.trusted else "untrusted"] = ""
        return GRAMMAR.write({**pairs, **dict(self.more)})


_FIELDS = tuple(field.name for field in fields(Vif) if field.name not in ("trusted", "more"))


def flaws(text: str) -> list[Flaw]:
    """What is wrong with a network interface as it is written."""
    entries, found = GRAMMAR.entries(text)
    for entry in entries:
        match entry.key:
            case "mac" if _MAC.fullmatch(entry.value) is None:
                found.append(_mac(entry.value, entry.offset))
            case "mac" if int(entry.value[:2], 16) & 1:
                what = f"`{entry.value}` is a group address"
                do = "clear the lowest bit of the first byte"
                found.append(Flaw(what, do, entry.offset, SPEC_RANGE))
            case "rate" if _RATE.fullmatch(entry.value) and _OCTAL.search(entry.value):
                what = f"`{entry.value}` has a number that `xl` reads as octal"
                found.append(Flaw(what, "drop its zero", entry.offset, SPEC_RANGE))
            case "rate" if isinstance(wrong := _rate(entry.value), str):
                do = "write a rate such as `10Mb/s` or `1MB/s@20ms`"
                found.append(Flaw(wrong, do, entry.offset, SPEC))
            case "bridge" | "vifname" if not 1 <= len(entry.value) <= 15:
                what = f"`{entry.value}` is no interface name"
                do = "write 1 to 15 characters"
                found.append(Flaw(what, do, entry.offset, SPEC_RANGE))
    return found


def read(text: str) -> Vif:
    """The network interface that a text describes; raises `XlcfgError`."""
    pairs = GRAMMAR.read(text)
    trusted = True if "trusted" in pairs else False if "untrusted" in pairs else None
    known = {name: pairs.pop(name) for name in _FIELDS if name in pairs}
    if "netdev" in pairs:
        known["gatewaydev"] = pairs.pop("netdev")
    pairs.pop("accel", None)
    more = tuple((key, value) for key, value in pairs.items() if key not in GRAMMAR.flags)
    return Vif(**known, trusted=trusted, more=more)


def rate(text: str) -> Rate:
    """The limit that a rate such as `1MB/s@20ms` stands for; raises `ValueError`."""
    found = _rate(text)
    if isinstance(found, str):
        raise ValueError(found)
    return found


def _mac(text: str, offset: int) -> Flaw:
    """Why a text is no address: `xl` takes six hexadecimal numbers with anything between."""
    rest = text
    rule = SPEC_RANGE
    for _ in range(6):
        number = leading(rest, 16)
        if number is None or not 0 <= number[0] <= 255:
            rule = SPEC_IGNORED
            break
        rest = rest[number[1] + 1 :]
    do = "write six bytes such as `00:16:3e:12:34:56`"
    return Flaw(f"`{text}` is no hardware address", do, offset, rule)


def _rate(text: str) -> Rate | str:
    """A rate, or why a text is none. No unit of time stands for seconds, as in `xl`."""
    match = _RATE.fullmatch(text)
    if match is None:
        return f"`{text}` is no rate"
    count, scale, unit, every, fraction = match.groups("")
    amount = int(count[:_LONG]) * _SCALES[scale] // (8 if unit == "b" else 1)
    interval = int((every or "50")[:_LONG]) * _FRACTIONS[fraction if every else "m"]
    if not (0 < int(count[:_LONG]) <= _MAX and 0 < interval <= _MAX):
        return f"the rate `{text}` is zero or too large"
    if amount * interval >= 1 << 64:
        return f"the rate `{text}` is too large"
    return Rate(amount * interval // 1_000_000, interval)
