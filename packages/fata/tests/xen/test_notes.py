"""Kernels that are for Xen, and those that are not."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.xen.notes import ENTRY, PHYS32_ENTRY, check_kernel, notes
from functoria import UserError
from xlcfg import Guest


def note(kind: int, name: bytes = b"Xen\0", content: bytes = b"12345") -> bytes:
    padded = [data + bytes(-len(data) % 4) for data in (name, content)]
    return struct.pack("<III", len(name), len(content), kind) + b"".join(padded)


def kernel(*found: bytes, gap: int = 0) -> bytes:
    """An ELF file of one segment, which has the notes, after a gap."""
    data = b"".join(found)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return (
        head
        + struct.pack("<IIQQQQQQ", 4, 4, 120 + gap, 0, 0, len(data), len(data), 4)
        + bytes(gap)
        + data
    )


def reading(data: bytes) -> Callable[[int, int], bytes]:
    return lambda start, length: data[start : start + length]


def bzimage(payload: bytes) -> bytes:
    """The head of the Linux/x86 boot protocol 2.08, and a payload after one sector."""
    head = bytearray(1024)
    head[0x1F1] = 1
    head[0x1FE:0x206] = b"\x55\xaa\0\0HdrS"
    struct.pack_into("<H", head, 0x206, 0x20F)
    struct.pack_into("<II", head, 0x248, 0, len(payload))
    struct.pack_into("<I", head, 0x1F4, len(payload) // 16)
    return bytes(head) + payload


def test_each_type_of_guest_has_an_entry_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "vmlinux"
    path.write_bytes(kernel(note(6), note(ENTRY), note(PHYS32_ENTRY)))
    for kind in (Guest.PV, Guest.PVH):
        check_kernel(path, kind)
    path.write_bytes(kernel(note(PHYS32_ENTRY)))
    check_kernel(path, Guest.PVH)
    with pytest.raises(UserError, match="not for guests of the type pv"):
        check_kernel(path, Guest.PV)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (kernel(), "the kernel is not for Xen: it has no notes for it"),
        (kernel(note(ENTRY, b"GNU\0")), "the kernel is not for Xen"),
        (b"#!/bin/sh\n", "the kernel is no kernel"),
        (b"", "the kernel is no kernel"),
    ],
)
def test_a_kernel_that_is_not_for_xen(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "vmlinux"
    path.write_bytes(content)
    with pytest.raises(UserError, match=what) as raised:
        check_kernel(path, Guest.PVH)
    assert raised.value.where == str(path)


def test_a_kernel_that_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "kernel"
    for whole in (kernel(note(ENTRY)), bzimage(kernel(note(PHYS32_ENTRY)) * 4)):
        path.write_bytes(whole[:-20])
        with pytest.raises(UserError, match=f"cut short: {len(whole) - 20} bytes of"):
            check_kernel(path, Guest.PVH)


def test_a_kernel_packed_by_lz4_is_looked_into(tmp_path: Path) -> None:
    """As Debian's cloud kernel is; its notes are in a block of their own, or across two."""
    path = tmp_path / "vmlinuz"
    for gap in (0, (8 << 20) - 130, 20 << 20):
        packed = lz4(kernel(note(PHYS32_ENTRY), gap=gap))
        path.write_bytes(bzimage(packed))
        check_kernel(path, Guest.PVH)
        with pytest.raises(UserError, match="not for guests of the type pv"):
            check_kernel(path, Guest.PV)


def lz4(data: bytes) -> bytes:
    command = ("lz4", "-l", "-c")
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def test_a_kernel_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the kernel cannot be read: no such file"):
        check_kernel(tmp_path / "none", Guest.PVH)


@given(st.binary(max_size=400), st.integers(0, 200))
def test_whatever_a_file_is_its_notes_are_read(tail: bytes, cut: int) -> None:
    whole = kernel(note(ENTRY), tail)
    for data in (whole[:cut], whole[: 64 + cut % 56] + tail, tail):
        assert all(isinstance(kind, int) for kind in notes(reading(data)))
