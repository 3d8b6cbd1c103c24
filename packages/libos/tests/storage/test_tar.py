"""A tar archive on a disk as a read-only store."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libos.storage.block.ram import RamBlock
from libos.storage.error import Damaged, Unrecognised
from libos.storage.tar import TarStore

from .images import member, tar, tar_of, tree
from .kv_ro_conformance import CONTENT, KvRoConformance, run
from .reading import everything

LONG = "long-" * 15 + "/" + "é" * 100 + "/" + "name" * 30


def on_disk(archive: bytes, sector_size: int = 512) -> RamBlock:
    size = max(len(archive) + -len(archive) % sector_size, sector_size)
    return RamBlock(size, content=archive, sector_size=sector_size)


def started(archive: bytes) -> TarStore:
    store = TarStore(on_disk(archive))
    run(store.start())
    return store


def content(archive: bytes) -> dict[str, bytes]:
    return run(everything(started(archive)))  # type: ignore[no-any-return]


class TestTarStore(KvRoConformance):
    """A `TarStore` is a read-only store like any other, whatever made the archive."""

    @pytest.fixture(params=["pax", "gnu", "ustar", "pax-4096"])
    def store(self, tmp_path: Path, request: pytest.FixtureRequest) -> TarStore:
        format, _, sector_size = request.param.partition("-")  # noqa: A001 - tar's word
        archive = tar(tree(tmp_path / "root", CONTENT), f"--format={format}")
        store = TarStore(on_disk(archive, int(sector_size or 512)))
        run(store.start())
        return store


@pytest.mark.parametrize("format", ["pax", "gnu"])
def test_long_names(tmp_path: Path, format: str) -> None:  # noqa: A002 - tar's word
    values = {LONG: b"1", "x" * 100: b"2", "y" * 101: b"3", "d/" + "z" * 250: b"4"}
    assert content(tar(tree(tmp_path, values), f"--format={format}")) == values


def test_what_the_standard_library_makes() -> None:
    for format in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):  # noqa: A001
        archive = tar_of(member(LONG, b"1"), member("a", b"2"), format=format)
        assert content(archive) == {LONG: b"1", "a": b"2"}
    prefix = "p" * 100 + "/" + "n" * 90
    assert content(tar_of(member(prefix, b"x"), format=tarfile.USTAR_FORMAT)) == {prefix: b"x"}


def test_trailing_zeros_and_what_follows_the_end() -> None:
    archive = tar_of(member("a", b"1"))
    for rest in (b"", bytes(512), bytes(100_000), bytes(1024) + b"x" * 512):
        assert content(archive + rest) == {"a": b"1"}
    assert content(bytes(1024)) == {}
    shortest = archive[:1024] + bytes(512)
    assert content(shortest) == {"a": b"1"}


def test_unsafe_names_are_not_seen() -> None:
    names = ["/etc/passwd", "../up", "a/../../up", "..", "back\\slash", "x/" * 2100 + "x"]
    archive = tar_of(
        *(member(name, b"bad") for name in names),
        member("/etc/hard", type=tarfile.LNKTYPE, linkname="good"),
        member("./good", b"1"),
        member("./also//good/./too", b"2"),
    )
    assert content(archive) == {"good": b"1", "also/good/too": b"2"}
    not_text = archive.replace(b"good", b"g\xff\xfed")
    with pytest.raises(Damaged):
        started(not_text)
    assert content(tar_of(member("g\udcff", b"x"), format=tarfile.GNU_FORMAT)) == {}


def test_of_two_members_of_one_name_the_last_counts() -> None:
    assert content(tar_of(member("a", b"1"), member("a", b"22"))) == {"a": b"22"}


def test_links_and_devices(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", {"a": b"first", "d/b": b"second"})
    os.link(root / "a", root / "d" / "hard")
    (root / "soft").symlink_to("a")
    os.mkfifo(root / "pipe")
    found = content(tar(root))
    assert found == {"a": b"first", "d/b": b"second", "d/hard": b"first"}


def test_a_name_that_is_both_a_file_and_a_directory() -> None:
    for members in (
        (member("a", b"1"), member("a/b", b"2")),
        (member("a/b", b"2"), member("a", b"1")),
        (member("a", b"1"), member("a", type=tarfile.DIRTYPE)),
    ):
        with pytest.raises(Damaged, match="as a file and as a directory"):
            started(tar_of(*members))


def test_an_archive_that_is_cut_short_says_where() -> None:
    archive = tar_of(member("first", b"x" * 600), member("second", b"y" * 600))
    end = len(archive.rstrip(b"\0")) // 512 * 512 + 512
    for length in range(512, end, 512):
        with pytest.raises(Damaged, match="is cut short") as caught:
            started(archive[:length])
        assert str(length) in str(caught.value)


def test_what_is_no_archive() -> None:
    for data in (b"x" * 512, bytes(range(256)) * 2, b"\x1f\x8b" + bytes(5000)):
        with pytest.raises(Unrecognised, match="make one with `tar -cf`"):
            started(data)
    with pytest.raises(Damaged, match="no header at byte 1024"):
        started(tar_of(member("a", b"1"))[:1024] + b"x" * 512)


def test_sparse_files_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(1 << 22)
        file.seek(1 << 21)
        file.write(b"x")
    for format in ("gnu", "pax"):  # noqa: A001
        with pytest.raises(Damaged, match="make it without `--sparse`"):
            started(tar(tmp_path, "--sparse", f"--format={format}"))


def test_an_archive_of_too_many_names_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libos.storage.tar._MOST_MEMBERS", 1000)
    with pytest.raises(Damaged, match="more than 1000 members"):
        started(tar_of(*(member(f"{number}") for number in range(1001))))
    with pytest.raises(Damaged, match="more than 1000 members"):
        started(tar_of(*(member(f"{number}/" + "x/" * 300 + "x") for number in range(10))))


def test_values_are_not_held_in_memory() -> None:
    class Counting(RamBlock):
        asked = 0

        async def read(self, sector: int, count: int = 1) -> bytes:
            self.asked += count
            return await super().read(sector, count)

    archive = tar_of(*(member(f"{number}", bytes(200_000)) for number in range(20)))
    block = Counting(len(archive), content=archive)
    store = TarStore(block)
    run(store.start())
    assert block.asked * 512 < len(archive) // 4
    before = block.asked
    assert run(store.get_partial("7", 100_000, 10)) == bytes(10)
    assert block.asked - before <= 2


IMAGES = [
    tar_of(
        member("dir", type=tarfile.DIRTYPE),
        member("dir/file", b"content" * 100),
        member(LONG, b"x"),
        member("link", type=tarfile.LNKTYPE, linkname="dir/file"),
        format=kind,
    ).rstrip(b"\0")
    + bytes(1024)
    for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)
]


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(IMAGES),
    st.lists(st.tuples(st.integers(0, 1 << 13), st.integers(0, 255)), max_size=12),
    st.sampled_from([None, b"0" * 11, b"7" * 11, b"\x80" + b"\xff" * 10, b"-1"]),
)
def test_mutated_archives(image: bytes, changes: list[tuple[int, int]], size: bytes | None) -> None:
    """A changed archive is read, or refused with words; the checksums are made right again."""
    data = bytearray(image + bytes(-len(image) % 512))
    for position, value in changes:
        data[position % len(data)] = value
    if size is not None:
        data[124 : 124 + len(size)] = size
    for at in range(0, len(data), 512):
        if image[at + 257 : at + 262] == b"ustar":
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    refused = ""
    try:
        content(bytes(data))
    except (Damaged, Unrecognised) as error:
        refused = str(error)
    assert not refused or len(refused) > 20
