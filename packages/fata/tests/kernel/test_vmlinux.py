"""The image that boots is the linked kernel without its padding."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.kernel.vmlinux import BadKernelError, pack, segments

LOAD, NOTE = 1, 4


def elf(*parts: tuple[int, int, bytes, int]) -> bytes:
    """An ELF file of (kind, physical address, bytes, size in memory), entry point 0x1000."""
    offset = 64 + 56 * len(parts)
    head = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01" + bytes(9),
        2, 62, 1, 0x1000, 64, 0, 0, 64, 56, len(parts), 0, 0, 0,
    )  # fmt: skip
    table = b""
    for kind, address, data, memory in parts:
        virtual = address + 0xFFFFFFFF80000000
        table += struct.pack("<IIQQQQQQ", kind, 5, offset, virtual, address, len(data), memory, 4)
        offset += len(data)
    return head + table + b"".join(data for _, _, data, _ in parts)


def memory(file: bytes) -> dict[int, int]:
    """What is not zero and no filler, by physical address."""
    _, found = segments(file)
    return {
        segment.physical + at: byte
        for segment in found
        if segment.kind == LOAD
        for at, byte in enumerate(segment.data)
        if byte not in (0, 0xCC)
    }


def test_padding_is_not_stored_and_memory_stays_the_same() -> None:
    text = b"\x90" * 100 + b"\xcc" * 100_000
    data = b"begin" + bytes(50_000) + b"end"
    kernel = elf(
        (LOAD, 0x1000000, text, len(text)), (LOAD, 0x1200000, data, 90_000), (NOTE, 0, b"pvh!", 4)
    )
    packed = pack(kernel)
    assert len(packed) < 1000
    assert memory(packed) == memory(kernel)
    assert max(s.physical + s.memory for s in segments(packed)[1]) == 0x1200000 + 90_000


def test_entry_point_and_note_are_kept() -> None:
    packed = pack(elf((LOAD, 0x1000000, b"x", 1), (NOTE, 0x1000000, b"pvh!", 4)))
    entry, found = segments(packed)
    assert entry == 0x1000
    assert [(s.kind, s.data) for s in found] == [(LOAD, b"x"), (NOTE, b"pvh!")]


@pytest.mark.parametrize("data", [b"", b"MZ" + bytes(100), elf(), elf((LOAD, 0, b"x", 1))])
def test_what_cannot_boot_is_refused(data: bytes) -> None:
    with pytest.raises(BadKernelError):
        pack(data)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_a_damaged_kernel_is_packed_or_refused(at: int, patch: bytes) -> None:
    kernel = bytearray(elf((LOAD, 0x1000000, b"x" * 10, 20), (NOTE, 0, b"pvh!", 4)))
    kernel[at : at + len(patch)] = patch
    with contextlib.suppress(BadKernelError):
        pack(bytes(kernel))


@given(st.lists(st.sampled_from([b"\0" * 5000, b"\xcc" * 4096, b"code", b"\0" * 9]), max_size=8))
def test_packing_keeps_every_byte_that_counts(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    kernel = elf((LOAD, 0x1000000, text, len(text)), (NOTE, 0, b"pvh!", 4))
    assert memory(pack(kernel)) == memory(kernel)
