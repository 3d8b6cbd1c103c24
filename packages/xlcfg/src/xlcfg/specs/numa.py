"""Virtual NUMA nodes: `vnuma` in xl.cfg(5). A node is a list of strings, each one pair."""

from __future__ import annotations

from dataclasses import dataclass

from xlcfg.cnumber import leading
from xlcfg.rules import SPEC, SPEC_RANGE
from xlcfg.specs.cpus import span
from xlcfg.specs.flaw import Flaw

KEYS = ("pnode", "size", "vcpus", "vdistances")
"""What a node must say."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`Pair(key, value)` is one string of a node."""

    key: str
    value: str


def read(text: str) -> Pair | None:
    """The pair that a string of a node is, or None."""
    parts = [part for part in text.split("=") if part]
    return Pair(parts[0].strip(), parts[1].strip()) if len(parts) > 1 else None


def flaws(text: str) -> list[Flaw]:
    """What is wrong with one string of a node as it is written."""
    pair = read(text)
    if pair is None:
        return [Flaw(f"`{text}` is no `key=value`", f"its keys are {', '.join(KEYS)}")]
    if pair.key not in KEYS:
        what = f"`{pair.key}` is no key of a virtual node"
        return [Flaw(what, f"its keys are {', '.join(KEYS)}", 0, SPEC_RANGE)]
    offset = text.index("=") + 1
    words = pair.value.split(",") if pair.key in ("vcpus", "vdistances") else [pair.value]
    if pair.key == "vcpus":
        wrong = [word for word in words if span(word) is None]
        return [Flaw(f"`{word}` is no vCPU", "write 0-3,5", offset, SPEC_RANGE) for word in wrong]
    return [
        Flaw(f"`{word}` is no {pair.key}", "write a number", offset, SPEC)
        for word in words
        if leading(word, 10) is None
    ]


def count(text: str) -> int:
    """How many vCPUs a `vcpus` value names."""
    bounds = [span(word) for word in text.split(",")]
    return sum(high - low + 1 for low, high in filter(None, bounds))
