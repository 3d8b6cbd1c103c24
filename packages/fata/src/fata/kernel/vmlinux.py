"""The linked kernel without what nobody reads: symbols, section names, padding, runs of zeros.

A hypervisor that boots through PVH reads the program headers of an ELF file: what to load where,
and the note with the entry point (elf(5), and "x86/HVM direct boot ABI" of the Xen project). The
linker pads segments to 2 MiB pages, in the file too, and fills up code with breakpoints. `pack`
writes the same memory image from segments that skip both kinds of padding: each reaches to where
the next begins, so that whoever loads it clears what lies between, and nothing runs behind the end
of the code.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

_EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_PT_LOAD, _PT_NOTE = 1, 4
# Shorter runs cost more in program headers and reads than they save.
_PADDING = re.compile(rb"\0{4096,}|\xcc{4096,}")


class BadKernelError(Exception):
    """`BadKernelError(why)` says that bytes are not a kernel that boots through PVH."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`Segment` is one program header with its bytes; addresses and sizes are in bytes."""

    kind: int
    flags: int
    virtual: int
    physical: int
    memory: int
    align: int
    data: bytes


def segments(elf: bytes) -> tuple[int, tuple[Segment, ...]]:
    """The entry point and the load and note segments; raises `BadKernelError`."""
    try:
        head = _EHDR.unpack_from(elf)
        if head[0][:6] != b"\x7fELF\x02\x01":
            raise BadKernelError("not a 64-bit little-endian ELF file")
        entry, table, size, count = head[4], head[5], head[9], head[10]
        rows = [_PHDR.unpack_from(elf, table + size * index) for index in range(count)]
    except (struct.error, OverflowError) as error:
        raise BadKernelError("ends early") from error
    found = []
    for kind, flags, offset, virtual, physical, stored, memory, align in rows:
        if kind not in (_PT_LOAD, _PT_NOTE):
            continue
        if offset + stored > len(elf) or stored > memory:
            raise BadKernelError("a segment reaches beyond the end of the file")
        data = elf[offset : offset + stored]
        found.append(Segment(kind, flags, virtual, physical, memory, align, data))
    return entry, tuple(found)


def pack(elf: bytes) -> bytes:
    """The same kernel in fewer bytes; raises `BadKernelError` without load or note segments."""
    entry, original = segments(elf)
    if {segment.kind for segment in original} != {_PT_LOAD, _PT_NOTE}:
        raise BadKernelError("no PVH entry: it needs load segments and a note")
    parts = [p for s in original for p in (_split(s) if s.kind == _PT_LOAD else (s,))]
    offset = _EHDR.size + _PHDR.size * len(parts)
    table, body = [], []
    for part in parts:
        padding = bytes(-offset % 16)
        body.append(padding + part.data)
        table.append(_header(part, offset + len(padding)))
        offset += len(body[-1])
    head = _EHDR.unpack_from(elf)
    # No section headers: offset 0, count 0, and no section names.
    sizes = (_EHDR.size, _PHDR.size, len(parts), 0, 0, 0)
    ehdr = _EHDR.pack(*head[:4], entry, _EHDR.size, 0, head[7], *sizes)
    return b"".join((ehdr, *table, *body))


def _header(part: Segment, offset: int) -> bytes:
    addresses = (part.virtual, part.physical)
    try:
        return _PHDR.pack(
            part.kind, part.flags, offset, *addresses, len(part.data), part.memory, part.align
        )
    except struct.error as error:
        raise BadKernelError("a segment reaches beyond the end of memory") from error


def _split(segment: Segment) -> tuple[Segment, ...]:
    """A segment without its long runs of padding, which are memory of the part before."""
    edges = [0]
    for run in _PADDING.finditer(segment.data):
        edges += [run.start(), run.end()]
    edges.append(len(segment.data))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    spans = [(start, end) for start, end in pairs if end > start or start == 0]
    ends = (*(start for start, _ in spans[1:]), segment.memory)
    return tuple(
        Segment(
            kind=segment.kind,
            flags=segment.flags,
            virtual=segment.virtual + start,
            physical=segment.physical + start,
            memory=behind - start,
            align=1,
            data=segment.data[start:end],
        )
        for (start, end), behind in zip(spans, ends, strict=True)
    )
