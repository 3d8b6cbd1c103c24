"""Amounts as boot arguments: bytes and seconds."""

from __future__ import annotations

import re

_BYTES = {
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
_AMOUNT = r"([0-9]{1,18})(?:\.([0-9]{1,9}))? ?([a-z]*)"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"[0-9]{1,18}(?:\.[0-9]{1,30})?"
_PART = rf"({_NUMBER})(ms|s|m|h|d)"


def size(text: str) -> int:
    """`size(text)` is bytes: `512`, `64MiB` (of 1024 each), `1.5GB` (of 1000 each)."""
    match = re.fullmatch(_AMOUNT, text, re.ASCII | re.IGNORECASE)
    unit = _BYTES.get(match[3].lower()) if match else None
    if match is None or unit is None:
        raise ValueError(f"`{text}` is not a size such as `512`, `64MiB` or `1.5GB`")
    fraction = match[2] or ""
    whole: int = int(match[1]) * unit
    part, rest = divmod(int(fraction or "0") * unit, int("1" + "0" * len(fraction)))
    if rest:
        raise ValueError(f"`{text}` is not a whole number of bytes")
    return whole + part


def duration(text: str) -> float:
    """`duration(text)` is seconds: `250ms`, `1.5s`, `2m`, `1h30m`, `10`."""
    if re.fullmatch(_NUMBER, text, re.ASCII):
        return float(text)
    parts = re.findall(_PART, text, re.ASCII)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"`{text}` is not a duration such as `250ms`, `1.5s` or `1h30m`")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
