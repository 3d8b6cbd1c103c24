"""What is checked before QEMU starts."""

from __future__ import annotations

import contextlib
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.qemu.machine import Disk, Guest
from fata.qemu.preflight import KernelFormat, check_guest, create_log, kernel_format, verify
from functoria.error import UserError


def bzimage(body: int = 4096) -> bytes:
    """A setup header that declares one setup sector and `body` bytes of kernel."""
    head = bytearray(1024)
    head[0x1F1] = 1
    struct.pack_into("<I", head, 0x1F4, body // 16)
    head[0x1FE:0x200] = b"\x55\xaa"
    head[0x202:0x206] = b"HdrS"
    return bytes(head) + bytes(body)


def elf(note: bytes = b"Xen\0", kind: int = 18, machine: int = 62) -> bytes:
    """An ELF file with one loaded segment and one note."""
    notes = struct.pack("<III", 4, 4, 1) + b"GNU\0abcd"
    notes += struct.pack("<III", len(note), 4, kind) + note + bytes(-len(note) % 4) + bytes(4)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    start = 64 + 2 * 56
    load = struct.pack("<IIQQQQQQ", 1, 5, start, 0, 0, 512, 512, 0)
    described = struct.pack("<IIQQQQQQ", 4, 4, start + 512, 0, 0, len(notes), len(notes), 4)
    return header + load + described + bytes(512) + notes


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "kernel"
    path.write_bytes(data)
    return path


def test_the_two_forms_of_a_kernel(tmp_path: Path) -> None:
    assert kernel_format(_file(tmp_path, bzimage())) is KernelFormat.BZIMAGE
    assert kernel_format(_file(tmp_path, elf())) is KernelFormat.PVH


@pytest.mark.parametrize("whole", [bzimage(), elf()])
def test_a_truncated_kernel_is_told(tmp_path: Path, whole: bytes) -> None:
    with pytest.raises(UserError, match=r"the kernel is truncated: \d+ bytes where its header"):
        kernel_format(_file(tmp_path, whole[:-16]))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "neither an ELF file nor a bzImage"),
        (b"#!/bin/sh\n" * 200, "neither an ELF file nor a bzImage"),
        (b"\x7fELF", "an ELF file cut off in its header"),
        (elf(machine=183), "an ELF file for another processor than x86-64"),
        (elf(note=b"GNU\0"), "an ELF file without a PVH entry"),
        (elf(kind=1), "an ELF file without a PVH entry"),
    ],
)
def test_what_is_not_a_kernel(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(UserError) as raised:
        kernel_format(_file(tmp_path, data))
    assert raised.value.what == f"`kernel` is not a kernel that QEMU can start: it is {why}"


@given(st.binary(max_size=300), st.integers(0, 700), st.booleans())
def test_any_file_is_a_kernel_or_a_user_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, of_elf: bool
) -> None:
    whole = elf() if of_elf else bzimage()
    path = _file(tmp_path_factory.getbasetemp(), whole[:at] + noise + whole[at + len(noise) :])
    with contextlib.suppress(UserError):
        assert kernel_format(path) in KernelFormat


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`vmlinux` does not exist"):
        kernel_format(tmp_path / "vmlinux")
    with pytest.raises(UserError, match="is not a file"):
        kernel_format(tmp_path)
    guest = Guest(_file(tmp_path, elf()))
    check_guest(guest)
    with pytest.raises(UserError, match=r"`root\.cpio` does not exist"):
        check_guest(replace(guest, initramfs=tmp_path / "root.cpio"))
    with pytest.raises(UserError, match=r"`data\.img` does not exist"):
        check_guest(replace(guest, disks=(Disk(tmp_path / "data.img"),)))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"memory": 1}, "1 MiB of memory are too few for a guest"),
        ({"vcpus": 0}, "a guest cannot have 0 vcpus"),
        (
            {"cmdline": "x" * 2048},
            "the kernel command line has 2048 bytes and there is room for 1984",
        ),
        ({"cmdline": "a\nb"}, "the kernel command line contains a control character"),
    ],
)
def test_a_guest_that_cannot_be(tmp_path: Path, change: dict[str, object], what: str) -> None:
    guest = Guest(_file(tmp_path, elf()))
    with pytest.raises(UserError) as raised:
        check_guest(replace(guest, **change))  # type: ignore[arg-type]
    assert raised.value.what == what


def test_a_file_is_what_the_manifest_says(tmp_path: Path) -> None:
    path = tmp_path / "root.cpio"
    path.write_bytes(b"image")
    digest = hashlib.sha256(b"image").hexdigest()
    verify(path, digest, 5)
    with pytest.raises(UserError, match=r"`root\.cpio` is truncated: 5 bytes instead of 6"):
        verify(path, digest, 6)
    with pytest.raises(UserError, match=r"`root\.cpio` is too long: 5 bytes instead of 4"):
        verify(path, digest, 4)
    with pytest.raises(UserError, match=r"`root\.cpio` is not the file that was built"):
        verify(path, "0" * 64, 5)


def test_a_console_file_that_cannot_be_written(tmp_path: Path) -> None:
    create_log(tmp_path / "console")
    assert (tmp_path / "console").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UserError, match="cannot be written: no such file or directory"):
        create_log(tmp_path / "missing" / "console")
    with pytest.raises(UserError, match="cannot be written: is a directory"):
        create_log(tmp_path)


def test_a_full_disk_is_told_before_the_start() -> None:
    with pytest.raises(UserError) as raised:
        create_log(Path("/dev/full"))
    assert raised.value.what == "the console file cannot be written: the disk is full"
    assert "make room" in raised.value.do
