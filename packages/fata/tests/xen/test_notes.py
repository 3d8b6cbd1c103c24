"""Kernels that are for Xen, and those that are not."""

from __future__ import annotations

import struct
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


def kernel(*found: bytes) -> bytes:
    """An ELF file of one segment, which has the notes."""
    data = b"".join(found)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(data), len(data), 4) + data


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


def test_a_kernel_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the kernel cannot be read: no such file"):
        check_kernel(tmp_path / "none", Guest.PVH)


@given(st.binary(max_size=400), st.integers(0, 200))
def test_whatever_a_file_is_its_notes_are_read(tail: bytes, cut: int) -> None:
    whole = kernel(note(ENTRY), tail)
    for data in (whole[:cut], whole[: 64 + cut % 56] + tail, tail):
        assert all(isinstance(kind, int) for kind in notes(data))
