"""Shared libraries are found as the dynamic loader finds them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fata.closure import Closure, EntryKind, Interpreter
from fata.closure.libraries import Libraries
from fata.closure.loader import loader
from functoria.error import UserError

Build = Callable[..., Closure]


def compile_library(path: Path, text: str, *options: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".c")
    source.write_text(text)
    command = ["gcc", "-shared", "-fPIC", "-o", str(path), str(source), *options]
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        pytest.fail("these tests need gcc: `make test` installs it")
    source.unlink()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """An installed package with an extension module and the library that is bundled with it."""
    site = tmp_path / "site"
    compile_library(
        site / "speed.libs/libinner-1a2b.so.1",
        "int f(void) { return 1; }",
        "-Wl,-soname,libinner-1a2b.so.1",
    )
    compile_library(
        site / "speed/_core.so",
        "int f(void); void *PyInit__core(void) { return (void *)(long)f(); }",
        "-L" + str(site / "speed.libs"),
        "-l:libinner-1a2b.so.1",
        "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../speed.libs",
    )
    (site / "speed/__init__.py").write_text("from speed import _core\n")
    return site


def test_a_bundled_library_keeps_its_place(build: Build, wheel: Path) -> None:
    found = build({"main.py": "import speed\n"}, {})
    entry = next(e for e in found.entries if "libinner" in e.path)
    assert entry.path == "app/speed.libs/libinner-1a2b.so.1"
    assert entry.kind is EntryKind.LIBRARY
    assert found.why(entry.path)[-2:] == (
        "speed/__init__.py:1 imports speed._core",
        "app/speed.libs/libinner-1a2b.so.1: needed by app/speed/_core.so",
    )


def test_symbol_tables_are_left_out_and_that_is_recorded(build: Build, wheel: Path) -> None:
    found = build({"main.py": "import speed\n"}, {})
    assert "app/speed/_core.so" in found.stripped
    entry = next(e for e in found.entries if e.path == "app/speed/_core.so")
    assert entry.size == len(entry.content()) < (wheel / "speed/_core.so").stat().st_size


def test_a_library_that_is_nowhere(build: Build, wheel: Path) -> None:
    (wheel / "speed.libs/libinner-1a2b.so.1").unlink()
    with pytest.raises(UserError) as caught:
        build({"main.py": "import speed\n"}, {})
    assert caught.value.what == (
        "the shared library `libinner-1a2b.so.1` is not on this machine, "
        "and `app/speed/_core.so` needs it"
    )


def test_a_file_that_is_no_library(build: Build, wheel: Path) -> None:
    (wheel / "speed/_core.so").write_bytes(b"not ELF at all")
    with pytest.raises(UserError, match=r"`_core[.]so` is not a well-formed ELF file"):
        build({"main.py": "import speed\n"}, {})


def test_system_libraries_are_where_the_loader_looks_without_a_cache(python: Interpreter) -> None:
    libraries = Libraries(python)
    libraries.add_interpreter("usr/bin/python")
    entries = libraries.entries.values()
    started = next(e for e in entries if e.reason.endswith("is started by it"))
    trusted = loader(Path("/", started.path)).trusted
    for entry in entries:
        if entry.kind is EntryKind.LIBRARY:
            assert f"/{entry.path.rpartition('/')[0]}" in trusted


def test_a_library_of_another_machine_is_passed_over(tmp_path: Path, python: Interpreter) -> None:
    libraries = Libraries(python)
    libraries.add_interpreter("usr/bin/python")
    foreign = bytearray(python.executable.read_bytes())
    foreign[18:20] = (0x28).to_bytes(2, "little")  # e_machine: EM_ARM
    (tmp_path / "libc.so.6").write_bytes(foreign)
    assert not libraries._fits(tmp_path / "libc.so.6")
