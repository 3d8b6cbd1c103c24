"""Packages made here and unpacked."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from fata.lab.unpack import unpack
from functoria.error import UserError


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, 0o4755
    return info


def package(path: Path, *members: tarfile.TarInfo) -> Path:
    """A package as deb(5) says: an archive of `ar` with three members."""
    parts = {"debian-binary": b"2.0\n", "control.tar": archive(), "data.tar": archive(*members)}
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for name, content in parts.items():
            file.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode())
            file.write(content + b"\n" * (len(content) % 2))
    return path


def archive(*members: tarfile.TarInfo) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for info in members:
            content = info.name.encode() if info.isreg() else b""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return output.getvalue()


def test_files_and_links_are_unpacked_and_documentation_is_not(tmp_path: Path) -> None:
    deb = package(
        tmp_path / "a.deb",
        member("./bin/xl"),
        member("./usr/share/doc/xl"),
        member("./lib/modules/6.1/kernel/sound/snd.ko"),
        member("./lib/modules/6.1/kernel/net/llc.ko"),
        member("./bin/hard", tarfile.LNKTYPE, "./bin/xl"),
        member("./bin/soft", tarfile.SYMTYPE, "/bin/xl"),
        member("./dev/null", tarfile.CHRTYPE),
    )
    (tmp_path / "to").mkdir()
    unpack(deb, tmp_path / "to")
    found = sorted(str(path.relative_to(tmp_path / "to")) for path in (tmp_path / "to").rglob("*"))
    kept = "lib/modules/6.1/kernel/net/llc.ko"
    assert [name for name in found if not (tmp_path / "to" / name).is_dir()] == [
        "bin/hard",
        "bin/soft",
        "bin/xl",
        kept,
    ]
    assert (tmp_path / "to/bin/hard").read_text() == "./bin/xl"
    assert (tmp_path / "to/bin/xl").stat().st_mode & 0o7777 == 0o755


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    deb = package(
        tmp_path / "a.deb",
        member("../out"),
        member("/out"),
        member("./way", tarfile.SYMTYPE, str(tmp_path)),
        member("./way/out"),
        member("./hard", tarfile.LNKTYPE, "../a.deb"),
    )
    (tmp_path / "to").mkdir()
    unpack(deb, tmp_path / "to")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.deb", "to"]
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["way"]


def test_a_damaged_package_is_told(tmp_path: Path) -> None:
    whole = package(tmp_path / "a.deb", *(member(f"./bin/{number}") for number in range(100)))
    for size in (0, 20, whole.stat().st_size // 2):
        cut = tmp_path / "cut.deb"
        cut.write_bytes(whole.read_bytes()[:size])
        with pytest.raises(UserError, match=r"`cut\.deb` cannot be unpacked"):
            unpack(cut, tmp_path)


def test_the_package_that_the_test_made_is_one(tmp_path: Path) -> None:
    deb = package(tmp_path / "a.deb", member("./bin/xl"))
    done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb)], capture_output=True, check=True)
    assert b"bin/xl" in done.stdout
