"""Amounts with units: bytes and seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from functoria.converter.model import Converter
from functoria.converter.plain import is_integer

_BYTES: Mapping[str, int] = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}
_SHOWN = ("TiB", "GiB", "MiB", "KiB", "TB", "GB", "MB", "kB")
_AMOUNT = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))? ?([a-z]*)", re.ASCII | re.IGNORECASE)

_SECONDS: Mapping[str, float] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,30})?)(ms|s|m|h|d)", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,30})?", re.ASCII)


def _size(text: str) -> int:
    match = _AMOUNT.fullmatch(text)
    unit = _BYTES.get(match[3].lower()) if match else None
    if match is None or unit is None:
        raise ValueError(f"`{text}` is not a size such as `512`, `64MiB` or `1.5GB`")
    fraction = match[2] or ""
    whole: int = int(match[1]) * unit
    part, rest = divmod(int(fraction or "0") * unit, int("1" + "0" * len(fraction)))
    if rest:
        raise ValueError(f"`{text}` is not a whole number of bytes")
    return whole + part


def _show_size(value: int) -> str:
    for unit in _SHOWN:
        factor = _BYTES[unit.lower()]
        if value and value % factor == 0:
            return f"{value // factor}{unit}"
    return str(value)


def _duration(text: str) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"`{text}` is not a duration such as `250ms`, `1.5s` or `1h30m`")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _show_duration(value: float) -> str:
    text = repr(value)
    if "e" in text:  # the shortest text that is read back as the same float, without exponent
        from decimal import Decimal

        text = format(Decimal(text), "f")
    return f"{text}s"


def _is_duration(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value < 1e12  # type: ignore[operator]


SIZE = Converter("size", _size, _show_size, lambda value: is_integer(value) and value >= 0)  # type: ignore[operator]
"""Bytes: `512`, `64MiB` (1024s), `1.5GB` (1000s)."""

DURATION = Converter("duration", _duration, _show_duration, _is_duration)
"""Seconds, as a float: `250ms`, `1.5s`, `2m`, `1h30m`, `10`."""
