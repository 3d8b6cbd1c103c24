"""Files of packages, whether or not they know a merged /usr, and the kernel in a bzImage."""

from __future__ import annotations

import lzma
import struct
import subprocess
import zlib
from importlib.resources import files
from pathlib import Path

import pytest
from backports import zstd

from fata.host.layout import DIRECTORIES
from fata.lab import tools
from fata.lab.kernel import unpacked
from fata.lab.root import Packages, merged
from functoria.error import UserError


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    for path in ("bin/ip", "usr/bin/flock", "lib/libx.so.1.2"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "usr/bin/name").symlink_to("/bin/ip")
    (tmp_path / "lib/libx.so.1").symlink_to("libx.so.1.2")
    (tmp_path / "usr/bin/circle").symlink_to("circle")
    (tmp_path / "usr/bin/out").symlink_to("../../../../../../etc/passwd")
    return Packages(tmp_path)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("usr/bin/ip", "bin/ip"),
        ("usr/bin/flock", "usr/bin/flock"),
        ("usr/bin/name", "bin/ip"),
        ("usr/lib/libx.so.1", "lib/libx.so.1.2"),
    ],
)
def test_a_file_is_found_where_it_is(packages: Packages, path: str, content: str) -> None:
    assert packages.need(path).read_text() == content


@pytest.mark.parametrize("path", ["usr/bin/none", "usr/bin/circle", "usr/bin/out"])
def test_a_file_that_is_not_there(packages: Packages, path: str) -> None:
    assert packages.find(path) is None
    with pytest.raises(UserError, match=f"have no `/{path}`"):
        packages.need(path)


def test_a_merged_path() -> None:
    assert merged("bin/sh") == "usr/bin/sh"
    assert merged("binary/sh") == "binary/sh"


ELF = b"\x7fELF" + bytes(1000)


def bzimage(payload: bytes, version: int = 0x20F) -> bytes:
    image = bytearray(1024 + 64)
    image[0x1F1] = 1
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, version)
    struct.pack_into("<II", image, 0x248, 64, len(payload))
    return bytes(image) + payload


@pytest.mark.parametrize(
    "payload",
    [
        lzma.compress(ELF) + b"size",
        zstd.compress(ELF) + b"size",
        zlib.compress(ELF, wbits=31),
    ],
    ids=["xz", "zstd", "gzip"],
)
def test_a_kernel_is_unpacked(payload: bytes) -> None:
    assert unpacked(bzimage(payload)) == ELF


@pytest.mark.parametrize(
    "image",
    [b"", ELF, bzimage(b"\x04\x22\x4d\x18lz4"), bzimage(b"\xfd7zXZ\0damaged"), bzimage(b"", 0x207)],
)
def test_what_cannot_be_unpacked_is_left_to_xen(image: bytes) -> None:
    assert unpacked(image) == image


def test_the_first_program_of_the_control_domain_is_a_shell_script() -> None:
    script = files("fata.lab").joinpath("dom0", "init").read_bytes()
    assert subprocess.run(["sh", "-n"], input=script, check=False).returncode == 0


def test_what_makes_the_disk_is_a_shell_script_and_makes_all_directories() -> None:
    script = tools.script()
    assert subprocess.run(["sh", "-n"], input=script.encode(), check=False).returncode == 0
    assert all(
        f"mkdir -p {path}; chmod {mode:o}" in script for path, (mode, _) in DIRECTORIES.items()
    )
