"""What is looked at before QEMU starts, so that a bad file is told by name and not by a hang."""

from __future__ import annotations

import errno
import hashlib
import os
import struct
from enum import StrEnum
from pathlib import Path

from fata.qemu.machine import Guest
from functoria.error import UserError

_ADDED = 64  # the words for its timers, and the final NUL
COMMAND_LINE_LIMIT = 2048  # COMMAND_LINE_SIZE of Linux on x86
_REBUILD = "build the image again with `fata build`"


class KernelFormat(StrEnum):
    """The two forms of a Linux kernel that QEMU starts directly."""

    PVH = "ELF with a PVH entry"
    BZIMAGE = "bzImage"


def verify(path: Path, sha256: str, size: int) -> None:
    """`verify(path, sha256, size)` returns if the file is exactly the one so described.

    `sha256` is in lower-case hex, `size` in bytes. Raises `UserError` if it is missing, was
    truncated or has other contents.
    """
    found = _size(path)
    if found != size:
        word = "truncated" if found < size else "too long"
        raise UserError(
            f"`{path.name}` is {word}: {found} bytes instead of {size}", str(path), _REBUILD
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise UserError(
            f"`{path.name}` is not the file that was built: its sha256 begins with"
            f" {digest[:12]} instead of {sha256[:12]}",
            str(path),
            _REBUILD,
        )


def kernel_format(path: Path) -> KernelFormat:
    """`kernel_format(path)` is the form of the kernel at `path`.

    Raises `UserError` if it is missing, truncated or not a kernel that QEMU can start. Checked
    are the ELF header, its segments and its PVH note (`XEN_ELFNOTE_PHYS32_ENTRY`), or the setup
    header of the Linux x86 boot protocol with the size that it declares.
    """
    size = _size(path)
    with path.open("rb") as file:
        head = file.read(0x300)
        if head.startswith(b"\x7fELF"):
            headers = _program_headers(file.fileno(), head, path)
            _check_size(
                max((offset + length for _, offset, length in headers), default=0), size, path
            )
            notes = b"".join(
                os.pread(file.fileno(), min(length, 1 << 16), offset)
                for kind, offset, length in headers
                if kind == 4  # PT_NOTE
            )
            if not _has_pvh_note(notes):
                raise _not_a_kernel(path, "an ELF file without a PVH entry")
            return KernelFormat.PVH
    if head[0x1FE:0x200] != b"\x55\xaa" or head[0x202:0x206] != b"HdrS":
        raise _not_a_kernel(path, "neither an ELF file nor a bzImage")
    sectors = head[0x1F1] or 4
    (paragraphs,) = struct.unpack_from("<I", head, 0x1F4)
    _check_size((sectors + 1) * 512 + paragraphs * 16, size, path)
    return KernelFormat.BZIMAGE


def check_guest(guest: Guest) -> None:
    """`check_guest(guest)` raises `UserError` for a guest that QEMU or Linux would not take."""
    kernel_format(guest.kernel)
    if guest.initramfs is not None and _size(guest.initramfs) == 0:
        raise UserError("the initramfs is empty", str(guest.initramfs), _REBUILD)
    for disk in guest.disks:
        _size(disk.path)
    if guest.memory < 8:
        raise UserError(
            f"{guest.memory} MiB of memory are too few for a guest",
            "--memory",
            "give it 64 or more",
        )
    if guest.vcpus < 1:
        raise UserError(
            f"a guest cannot have {guest.vcpus} vcpus", "--vcpus", "give it one or more"
        )
    length = len(guest.cmdline.encode()) + _ADDED
    if length > COMMAND_LINE_LIMIT:
        raise UserError(
            f"the kernel command line has {length - _ADDED} bytes and there is room for"
            f" {COMMAND_LINE_LIMIT - _ADDED}",
            None,
            "give long arguments in a file of the image instead",
        )
    if any(ord(character) < 32 for character in guest.cmdline):
        raise UserError(
            "the kernel command line contains a control character",
            None,
            "remove line ends and other control characters from the arguments",
        )


def create_log(path: Path) -> None:
    """`create_log(path)` leaves an empty file at `path` into which a console can be written.

    Raises `UserError` if it cannot be made, or if the file system has no room for even a page.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        file = os.open(path, flags, 0o600)
        try:
            os.write(file, bytes(4096))
            os.ftruncate(file, 0)
        finally:
            os.close(file)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        why = "the disk is full" if full else (error.strerror or str(error)).lower()
        do = (
            "make room on that disk, or name another place for the console"
            if full
            else "name a file in a folder that you may write to"
        )
        raise UserError(f"the console file cannot be written: {why}", str(path), do) from error


def _size(path: Path) -> int:
    try:
        if not path.is_file():
            word = "is not a file" if path.exists() else "does not exist"
            raise UserError(f"`{path.name}` {word}", str(path), _REBUILD)
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        raise UserError(
            f"`{path.name}` cannot be read: {(error.strerror or str(error)).lower()}",
            str(path),
            "make it readable for this user, or run as the user who built it",
        ) from error


def _check_size(declared: int, found: int, path: Path) -> None:
    if found < declared:
        raise UserError(
            f"the kernel is truncated: {found} bytes where its header declares {declared}",
            str(path),
            "build the image again, and check the free disk space with `df`",
        )


def _program_headers(file: int, head: bytes, path: Path) -> tuple[tuple[int, int, int], ...]:
    """`_program_headers(head, path)` are the type, file offset and length of each segment."""
    if len(head) < 64:
        raise _not_a_kernel(path, "an ELF file cut off in its header")
    if head[4:6] != b"\x02\x01" or struct.unpack_from("<H", head, 18)[0] != 62:
        raise _not_a_kernel(path, "an ELF file for another processor than x86-64")
    (offset,) = struct.unpack_from("<Q", head, 32)
    entry, count = struct.unpack_from("<HH", head, 54)
    if entry != 56 or offset > 1 << 62:
        raise _not_a_kernel(path, "an ELF file without usable program headers")
    table = os.pread(file, entry * count, offset)
    if len(table) < entry * count:
        raise _not_a_kernel(path, "an ELF file cut off in its program headers")
    headers = []
    for index in range(count):
        kind, _, start, _, _, length = struct.unpack_from("<IIQQQQ", table, entry * index)
        headers.append((kind, start, length))
    return tuple(headers)


def _has_pvh_note(notes: bytes) -> bool:
    # Elf64_Nhdr: sizes of name and description, type; each part padded to four bytes.
    position = 0
    while position + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from("<III", notes, position)
        name = notes[position + 12 : position + 12 + min(name_size, 16)]
        if kind == 18 and name == b"Xen\0":
            return True
        position += 12 + (name_size + 3 & ~3) + (size + 3 & ~3)
    return False


def _not_a_kernel(path: Path, what: str) -> UserError:
    return UserError(
        f"`{path.name}` is not a kernel that QEMU can start: it is {what}",
        str(path),
        "name a Linux bzImage, or a vmlinux that was built with CONFIG_PVH",
    )
