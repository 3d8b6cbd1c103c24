"""What a kernel says of itself to Xen: the notes in its ELF file.

Source: Xen, `public/elfnote.h`; ELF, "Note Section".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from fata.lab.kernel import payload, unpacked
from fata.xen.lz4 import MAGIC, part
from functoria import UserError
from xlcfg import Guest

ENTRY = 1
"""XEN_ELFNOTE_ENTRY: where a PV guest begins."""
PHYS32_ENTRY = 18
"""XEN_ELFNOTE_PHYS32_ENTRY: where a PVH guest begins."""

_WANTED = {Guest.PV: ENTRY, Guest.PVH: PHYS32_ENTRY}
_LARGEST = 1 << 28
_MOST = 1 << 16  # bytes of one segment of notes
_PT_NOTE = 4

Read = Callable[[int, int], bytes]


def check_kernel(path: Path, kind: Guest) -> None:
    """`check_kernel(path, kind)` raises `UserError` for a kernel that no such guest can start.

    One that is packed in a way which is not known here is left to Xen itself.
    """
    content = _read(path)
    declared = _declared(content)
    if len(content) < declared:
        raise _refused(path, f"is cut short: {len(content)} bytes of {declared}")
    read = _reader(content)
    if read(0, 4) != b"\x7fELF":
        if content[0x202:0x206] == b"HdrS":
            return
        raise _refused(path, "is no kernel")
    found = frozenset(notes(read))
    if not found:
        raise _refused(path, "is not for Xen: it has no notes for it")
    if _WANTED[kind] not in found:
        raise _refused(path, f"is for Xen, but not for guests of the type {kind.value}")


def _declared(content: bytes) -> int:
    """The bytes that a kernel has according to its headers: a bzImage, or an ELF file."""
    try:
        if content[0x202:0x206] == b"HdrS":
            (paragraphs,) = struct.unpack_from("<I", content, 0x1F4)
            return ((content[0x1F1] or 4) + 1) * 512 + int(paragraphs) * 16
        segments = tuple(_segments(lambda start, length: content[start : start + length]))
        return max((start + length for _, start, length in segments), default=0)
    except struct.error:
        return 0


def _reader(content: bytes) -> Read:
    """What reads from the ELF file that is the kernel, or is in it."""
    packed = payload(content)
    if packed.startswith(MAGIC):
        return partial(part, packed)
    elf = unpacked(content)
    return lambda start, length: elf[start : start + length]


def notes(read: Read) -> Iterator[int]:
    """`notes(read)` is the types of the notes for Xen; what is cut short has no more of them.

    `read(start, length)` is those bytes of an ELF file, as far as there are any.
    """
    try:
        for kind, start, length in _segments(read):
            if kind == _PT_NOTE:
                yield from _section(read(start, min(length, _MOST)))
    except struct.error:
        return


def _segments(read: Read) -> Iterator[tuple[int, int, int]]:
    """Each segment's type, place in the file and length. Raises `struct.error`."""
    head = read(0, 64)
    if head[:6] != b"\x7fELF\x02\x01":
        return
    (table,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    rows = read(table, size * count)
    for number in range(count):
        kind, _, start = struct.unpack_from("<IIQ", rows, number * size)
        (length,) = struct.unpack_from("<Q", rows, number * size + 32)
        yield kind, start, length


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
