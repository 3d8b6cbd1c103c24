"""What ELF files ask for, and that malformed ones are refused in words."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fata.closure import Interpreter
from fata.closure.elf import parse_elf, read_elf
from fata.closure.strip import same_to_the_loader
from functoria.error import UserError

COMPILER = "gcc"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A shared library of a few kilobytes that needs libm."""
    directory = tmp_path_factory.mktemp("tiny")
    (directory / "tiny.c").write_text("double cos(double); double f(double x) { return cos(x); }")
    command = [COMPILER, "-shared", "-fPIC", "-Os", "-Wl,-z,noseparate-code", "-o", "libtiny.so"]
    command += ["-Wl,-soname,libtiny.so.1", "-Wl,-rpath,$ORIGIN/../libs", "tiny.c"]
    try:
        subprocess.run([*command, "-Wl,--no-as-needed", "-lm"], cwd=directory, check=True)
    except FileNotFoundError:
        pytest.fail("these tests need gcc: `make test` installs it")
    return (directory / "libtiny.so").read_bytes()


def test_the_interpreter_names_its_loader_and_libraries(python: Interpreter) -> None:
    elf = read_elf(python.executable)
    assert Path(elf.interpreter).is_file()
    assert "libc.so.6" in elf.needed


def test_a_shared_library(tiny: bytes) -> None:
    elf = parse_elf(tiny, "libtiny.so")
    assert elf.soname == "libtiny.so.1"
    assert elf.needed[:1] == ("libm.so.6",)
    assert elf.rpath + elf.runpath == ("$ORIGIN/../libs",)
    assert elf.symbols


def test_stripping_must_not_change_what_the_loader_sees(tiny: bytes) -> None:
    assert same_to_the_loader(tiny, tiny)
    assert not same_to_the_loader(tiny, tiny.replace(b"libm.so.6\0", b"libx.so.6\0"))
    assert not same_to_the_loader(tiny, tiny[:200])


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"#!/bin/sh\n", b"\x7fELF\2\1\1" + b"\0" * 40]
)
def test_what_is_no_elf_file(content: bytes) -> None:
    with pytest.raises(UserError, match="is not a well-formed ELF file"):
        parse_elf(content, "x.so")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(tiny: bytes, data: st.DataObject) -> None:
    damaged = bytearray(tiny)
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, min(len(tiny), 1500) - 1))
        damaged[position] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(tiny)))
    for content in (bytes(damaged), bytes(damaged[:end])):
        with contextlib.suppress(UserError):
            parse_elf(content, "x.so")


@given(st.binary(max_size=300))
@example(b"")
def test_noise_behind_the_magic_is_refused_in_words(noise: bytes) -> None:
    with contextlib.suppress(UserError):
        parse_elf(b"\x7fELF" + noise, "x.so")
