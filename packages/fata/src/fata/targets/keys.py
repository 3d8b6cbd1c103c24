"""Keys that belong to targets rather than to devices."""

from __future__ import annotations

from typing import Any

from functoria import INTEGER, STRING, Converter, Key, choice

KERNEL = Key(
    name="kernel",
    converter=choice("auto", "tiny", "debian"),
    default="auto",
    doc="tiny: built for this; debian: the distribution's; auto: tiny if it is built already",
)

COMPRESSION = Key(
    name="compression",
    converter=choice("zstd", "none"),
    default="zstd",
    doc="how the initramfs is stored: zstd is smaller, none starts a little faster",
)


def _memory(text: str) -> int:
    number = INTEGER.parse(text)
    if not _is_memory(number):
        raise ValueError(f"`{text}` MiB are no memory for a guest: it takes 16 to 1048576")
    return number


def _is_memory(value: object) -> bool:
    return INTEGER.check(value) and isinstance(value, int) and 16 <= value <= 1 << 20


DEFAULT_MEMORY = 128
"""MiB of a guest for which nobody chooses."""

MEMORY = Key(
    name="memory",
    converter=Converter("int", _memory, str, _is_memory),
    default=DEFAULT_MEMORY,
    doc="MiB of memory that the guest is given",
)

XEN_TYPE = Key(
    name="xen-type",
    converter=choice("pvh", "pv"),
    default="pvh",
    doc="the type of the guest: pvh needs a processor that virtualises, pv runs on any Xen",
)

PYTHON = Key(
    name="python",
    converter=STRING,
    default="",
    doc="the interpreter to use and to pack; by default the one that fata runs on",
)

PROJECT_KEYS: tuple[Key[Any], ...] = (PYTHON,)
KEYS_OF_GUESTS: tuple[Key[Any], ...] = (KERNEL, COMPRESSION, MEMORY)
KEYS_OF_XEN: tuple[Key[Any], ...] = (XEN_TYPE,)
