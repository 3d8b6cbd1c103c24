"""The words of disk specifications: what `xl` and this library call the same thing."""

from __future__ import annotations

from enum import Enum


class Format(Enum):
    """How an image file is laid out."""

    RAW = "raw"
    QCOW = "qcow"
    QCOW2 = "qcow2"
    VHD = "vhd"
    QED = "qed"
    EMPTY = "empty"


STRINGS = (
    ("backend", "backend"), ("backendtype", "backendtype"), ("specification", "specification"),
    ("script", "script"), ("colo_host", "colo-host"), ("colo_port", "colo-port"),
    ("colo_export", "colo-export"), ("active_disk", "active-disk"),
    ("hidden_disk", "hidden-disk"),
)  # fmt: skip
"""Fields of `Disk` that are strings, and their keys, in the order they are written in."""

SWITCHES = (
    ("discard", "discard", "no-discard"),
    ("trusted", "trusted", "untrusted"),
    ("colo", "colo", "no-colo"),
    ("grant_usage", "grant_usage=1", "grant_usage=0"),
)
"""Fields that are flags, the flag that sets each, and the one that clears it."""

LATER = ("trusted", "grant_usage")
"""Fields whose flags the `xl` of Debian 12 does not know."""

FLAGS: dict[str, tuple[str, object]] = {
    "cdrom": ("cdrom", True),
    "devtype=cdrom": ("cdrom", True),
    "devtype=disk": ("cdrom", False),
    "direct-io-safe": ("direct_io_safe", True),
    **{on: (name, True) for name, on, _ in SWITCHES},
    **{off: (name, False) for name, _, off in SWITCHES},
}
"""Flags, the field of each, and its value."""

WORDS = {
    "backendtype": ("phy", "tap", "qdisk", "standalone"),
    "specification": ("xen", "virtio"),
}
"""Keys that take one of a few words."""

FORMATS = {"": Format.RAW, **{item.value: item for item in Format}}
"""Formats by name; the empty one is raw."""

ACCESS = {"": True, "rw": True, "w": True, "r": False, "ro": False}
"""Whether a disk is writable, by the word for it."""

KEYS = {
    key: name for name, key in (*STRINGS, ("vdev", "vdev"), ("target", "target"))
}  # fmt: skip
"""The field of each key that takes a string."""
