"""The archive that the kernel unpacks, read back by GNU cpio."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fata.image.compression import Compression, compress
from fata.image.cpio import Entry, Kind, archive

NAMES = st.text("abc.-é", min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))
TREES = st.dictionaries(
    NAMES, st.dictionaries(NAMES, st.binary(max_size=70), max_size=4), max_size=4
)


@settings(max_examples=30, deadline=None)
@given(TREES)
def test_gnu_cpio_reads_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, dict[str, bytes]]
) -> None:
    files = {f"{top}/{name}": data for top, below in tree.items() for name, data in below.items()}
    root = tmp_path_factory.mktemp("root")
    data = archive(Entry(path, content=content) for path, content in files.items())
    subprocess.run(["cpio", "-idm", "--quiet"], input=data, cwd=root, check=True)
    found = {p.relative_to(root).as_posix(): p for p in root.rglob("*") if p.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == files
    assert all(path.stat().st_mtime == 0 for path in found.values())


@given(st.permutations([Entry("b"), Entry("a/c", content=b"1"), Entry("a/b/d", mode=0o555)]))
def test_the_order_of_the_entries_does_not_matter(entries: list[Entry]) -> None:
    assert archive(entries) == archive(sorted(entries, key=lambda entry: entry.path))


@pytest.mark.parametrize("path", ["", "/a", "a/../b", "a//b", ".", "a/", "a\0b"])
def test_a_path_that_could_leave_the_root_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path inside an image"):
        archive([Entry(path)])


def test_two_entries_at_one_path_are_refused() -> None:
    with pytest.raises(ValueError, match="two entries at a"):
        archive([Entry("a"), Entry("a", content=b"other")])


def test_links_and_devices(tmp_path: Path) -> None:
    entries = [
        Entry("dev/console", Kind.CHARACTER_DEVICE, mode=0o600, device=(5, 1)),
        Entry("etc/resolv.conf", Kind.LINK, b"../run/resolv.conf", mode=0o777),
    ]
    listing = subprocess.run(
        ["cpio", "-tv", "--quiet"], input=archive(entries), capture_output=True, check=True
    ).stdout.decode()
    assert "crw-------" in listing
    assert "  5,   1 " in listing
    assert "etc/resolv.conf -> ../run/resolv.conf" in listing


def test_zstd_reads_what_was_compressed() -> None:
    data = b"once more " * 10_000
    packed = compress(data, Compression.ZSTD)
    done = subprocess.run(["zstd", "-dcq"], input=packed, capture_output=True, check=True)
    assert done.stdout == data
    assert compress(data, Compression.ZSTD) == packed
    assert compress(data, Compression.NONE) == data
