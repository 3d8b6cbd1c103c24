"""The `.modinfo` section of a kernel module: its name and the modules it depends on.

Source: `include/linux/moduleparam.h` and `scripts/mod/modpost.c` of the Linux kernel. A module is
an ELF relocatable file; `.modinfo` holds `key=value` strings that end with a NUL byte.
"""

from __future__ import annotations

import io
import lzma
import re
import zlib
from dataclasses import dataclass

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")
# Debian's largest module has 5 MB; this refuses what only claims to be a module.
LARGEST = 256 << 20

_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")


class BadModuleError(Exception):
    """`BadModuleError(why)` says that bytes are not a kernel module."""


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """`ModuleInfo(name, depends, before)` is what a module says about itself.

    `depends` must be loaded first; `before` should be where they exist (`softdep=pre:`). Names have
    underscores where file names may have dashes.
    """

    name: str
    depends: tuple[str, ...]
    before: tuple[str, ...]


def module_name(file_name: str) -> str | None:
    """The module's name for a file name such as `virtio-rng.ko.xz`, or None for other files."""
    for suffix in SUFFIXES:
        if file_name.endswith(suffix):
            return canonical(file_name.removesuffix(suffix))
    return None


def canonical(name: str) -> str:
    """The spelling of a module's name in /proc/modules."""
    return name.replace("-", "_")


def decompress(data: bytes) -> bytes:
    """The ELF bytes of a module that may be compressed with xz, zstd or gzip."""
    try:
        if data.startswith(b"\xfd7zXZ\x00"):
            return _bounded(lzma.LZMADecompressor(memlimit=LARGEST), data)
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            return _zstd(data)
        if data.startswith(b"\x1f\x8b"):
            return _bounded(zlib.decompressobj(wbits=31), data)
    except (lzma.LZMAError, zlib.error, EOFError, MemoryError) as error:
        raise BadModuleError(f"damaged compression: {error}") from error
    return data


def parse(elf: bytes) -> ModuleInfo:
    """What the uncompressed module `elf` says about itself; raises `BadModuleError`."""
    # The ELF library fails on hostile offsets in ways of its own; none of them is a module.
    try:
        section = ELFFile(io.BytesIO(elf)).get_section_by_name(".modinfo")
        raw = b"" if section is None else bytes(section.data())
    except (ELFError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise BadModuleError(f"not an ELF file: {error}") from error
    except (OverflowError, MemoryError, AssertionError, RecursionError) as error:
        raise BadModuleError("sizes that no file has") from error
    words = [part.partition(b"=") for part in raw.split(b"\0") if b"=" in part]
    name = _last(words, b"name")
    if name is None:
        raise BadModuleError("no name in its .modinfo section")
    return ModuleInfo(_checked(name), _depends(words), _softdep(words))


def _depends(words: list[tuple[bytes, bytes, bytes]]) -> tuple[str, ...]:
    value = _last(words, b"depends") or ""
    return tuple(_checked(canonical(name)) for name in value.split(",") if name)


def _softdep(words: list[tuple[bytes, bytes, bytes]]) -> tuple[str, ...]:
    found: list[str] = []
    for key, _, value in words:
        if key == b"softdep":
            before = re.search(r"pre:(.*?)(?:post:|$)", value.decode("ascii", "replace"))
            names = before[1].split() if before else []
            found += [canonical(name) for name in names if _NAME.fullmatch(canonical(name))]
    return tuple(found)


def _last(words: list[tuple[bytes, bytes, bytes]], wanted: bytes) -> str | None:
    values = [value for key, _, value in words if key == wanted]
    return values[-1].decode("ascii", "replace") if values else None


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise BadModuleError(f"{name!r} is no module name")
    return name


def _bounded(decompressor: lzma.LZMADecompressor | zlib._Decompress, data: bytes) -> bytes:
    plain = decompressor.decompress(data, LARGEST)
    if not decompressor.eof:
        raise BadModuleError("compressed data ends early or is too large")
    return plain


def _zstd(data: bytes) -> bytes:
    # Imported here: only distributions that compress with zstd need it.
    from backports import zstd

    decompressor = zstd.ZstdDecompressor()
    try:
        plain = decompressor.decompress(data, LARGEST)
    except zstd.ZstdError as error:
        raise BadModuleError(f"damaged compression: {error}") from error
    if not decompressor.eof:
        raise BadModuleError("compressed data ends early or is too large")
    return bytes(plain)
