"""Disks: xl-disk-configuration(5)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from xlcfg.error import XlcfgError
from xlcfg.specs.disk_scanner import scan
from xlcfg.specs.disk_words import STRINGS, SWITCHES, Format
from xlcfg.specs.flaw import Flaw, refuse

SECTION = "xl-disk-configuration(5)"


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
        parts += [f"{key}={value}" for name, key in STRINGS if (value := getattr(self, name))]
        parts += ["direct-io-safe"] if self.direct_io_safe else []
        for name, key, opposite in SWITCHES:
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


def read(text: str) -> Disk:
    """The disk that a text describes; raises `XlcfgError`."""
    reading = scan(text)
    refuse(reading.flaws, "a disk")
    return Disk(**reading.values)  # type: ignore[arg-type]


def flaws(text: str) -> list[Flaw]:
    """What is wrong with a disk as it is written."""
    return scan(text).flaws
