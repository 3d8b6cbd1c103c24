"""What a kernel says of itself to Xen: the notes in its ELF file.

Source: Xen, `public/elfnote.h`; ELF, "Note Section".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from fata.lab.kernel import unpacked
from functoria import UserError
from xlcfg import Guest

ENTRY = 1
"""XEN_ELFNOTE_ENTRY: where a PV guest begins."""
PHYS32_ENTRY = 18
"""XEN_ELFNOTE_PHYS32_ENTRY: where a PVH guest begins."""

_WANTED = {Guest.PV: ENTRY, Guest.PVH: PHYS32_ENTRY}
_LARGEST = 1 << 28
_PT_NOTE = 4


def check_kernel(path: Path, kind: Guest) -> None:
    """`check_kernel(path, kind)` raises `UserError` for a kernel that no such guest can start.

    One that is packed in a way which takes long to unpack, as Debian's cloud kernel is by LZ4, is
    left to Xen itself.
    """
    content = _read(path)
    elf = unpacked(content)
    if not elf.startswith(b"\x7fELF"):
        if content[0x202:0x206] == b"HdrS":
            return
        raise _refused(path, "is no kernel")
    found = frozenset(notes(elf))
    if not found:
        raise _refused(path, "is not for Xen: it has no notes for it")
    if _WANTED[kind] not in found:
        raise _refused(path, f"is for Xen, but not for guests of the type {kind.value}")


def notes(elf: bytes) -> Iterator[int]:
    """`notes(elf)` is the types of the notes for Xen; what is cut short has no more of them."""
    try:
        if elf[:6] != b"\x7fELF\x02\x01":
            return
        (table,) = struct.unpack_from("<Q", elf, 32)
        size, count = struct.unpack_from("<HH", elf, 54)
        for number in range(count):
            kind, _, start = struct.unpack_from("<IIQ", elf, table + number * size)
            (length,) = struct.unpack_from("<Q", elf, table + number * size + 32)
            if kind == _PT_NOTE:
                yield from _section(elf[start : start + length])
    except struct.error:
        return


def _section(data: bytes) -> Iterator[int]:
    place = 0
    while place + 12 <= len(data):
        name, description, kind = struct.unpack_from("<III", data, place)
        if data[place + 12 : place + 12 + name] == b"Xen\0":
            yield kind
        place += 12 + -(-name // 4) * 4 + -(-description // 4) * 4


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise _refused(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from None


def _refused(path: Path, why: str) -> UserError:
    return UserError(
        f"the kernel {why}",
        str(path),
        "take one that `fata build` made for the target xen, or the kernel of a distribution",
    )
