"""A kernel module says in its `.modinfo` section what it is called and what it needs."""

from __future__ import annotations

import contextlib
import gzip
import lzma

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from module_file import module

from fata.kernel.modinfo import BadModuleError, ModuleInfo, decompress, module_name, parse


def test_a_module_names_what_it_depends_on() -> None:
    elf = module(b"license=GPL", b"depends=virtio_ring,virtio", b"name=virtio_net")
    assert parse(elf) == ModuleInfo("virtio_net", ("virtio_ring", "virtio"), ())


def test_no_dependencies_is_an_empty_value() -> None:
    assert parse(module(b"depends=", b"name=virtio")).depends == ()


def test_dashes_are_underscores_as_in_proc_modules() -> None:
    assert parse(module(b"depends=virtio-ring", b"name=x")).depends == ("virtio_ring",)
    assert module_name("virtio-rng.ko.xz") == "virtio_rng"


def test_soft_dependencies_come_before_where_they_exist() -> None:
    info = parse(module(b"softdep=pre: crc32c other-one post: late", b"name=x"))
    assert info.before == ("crc32c", "other_one")


@pytest.mark.parametrize("name", ["modules.dep", "x.ko.bak", "ko", ""])
def test_other_files_are_no_modules(name: str) -> None:
    assert module_name(name) is None


@pytest.mark.parametrize("compress", [bytes, lzma.compress, zstd.compress, gzip.compress])
def test_compressed_modules_are_read_like_plain_ones(compress: object) -> None:
    elf = module(b"name=x")
    assert callable(compress)
    assert decompress(compress(elf)) == elf


@pytest.mark.parametrize("compress", [lzma.compress, zstd.compress, gzip.compress])
def test_a_truncated_compressed_module_is_refused(compress: object) -> None:
    assert callable(compress)
    with pytest.raises(BadModuleError, match=r"damaged|ends early"):
        decompress(compress(module(b"name=x"))[:-9])


@pytest.mark.parametrize(
    ("elf", "why"),
    [
        (b"", "not an ELF file"),
        (b"\x7fELF", "not an ELF file"),
        (module(b"depends="), "no name"),
        (module(b"name=../../etc/passwd"), "no module name"),
        (module(b"name=x", b"depends=a b"), "no module name"),
    ],
)
def test_what_is_no_module_is_refused(elf: bytes, why: str) -> None:
    with pytest.raises(BadModuleError, match=why):
        parse(elf)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_module_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadModuleError):
        parse(decompress(data))


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_module_is_read_or_refused(at: int, patch: bytes) -> None:
    elf = bytearray(module(b"depends=a,b", b"name=x"))
    elf[at : at + len(patch)] = patch
    with contextlib.suppress(BadModuleError):
        parse(bytes(elf))
