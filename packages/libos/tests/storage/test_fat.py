"""A FAT file system on a disk as a read-only store."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libos.storage.block.ram import RamBlock
from libos.storage.error import Damaged, Unrecognised
from libos.storage.fat import FatStore

from .images import fat, partitioned, tree
from .kv_ro_conformance import CONTENT, KvRoConformance, run
from .reading import everything

MIB = 1 << 20
KINDS = {
    "12": (2 * MIB, ["-F", "12"]),
    "16": (16 * MIB, ["-F", "16", "-s", "2"]),
    "32": (40 * MIB, ["-F", "32"]),
    "12-large-sectors": (2 * MIB, ["-F", "12", "-S", "4096"]),
    "16-one-fat": (16 * MIB, ["-F", "16", "-s", "4", "-f", "1"]),
}


@lru_cache
def made(kind: str) -> bytes:
    """The image with `CONTENT`; many keys read one image."""
    size, options = KINDS[kind]
    with TemporaryDirectory() as directory:
        return fat(Path(directory, "disk"), tree(Path(directory, "root"), CONTENT), size, *options)


def started(image: bytes, sector_size: int = 512) -> FatStore:
    store = FatStore(RamBlock(len(image), content=image, sector_size=sector_size))
    run(store.start())
    return store


def content(image: bytes) -> dict[str, bytes]:
    return run(everything(started(image)))  # type: ignore[no-any-return]


class TestFatStore(KvRoConformance):
    """A `FatStore` is a read-only store like any other, whatever kind of FAT it is on."""

    @pytest.fixture(params=KINDS)
    def store(self, request: pytest.FixtureRequest) -> FatStore:
        return started(made(request.param))


class TestPartition(KvRoConformance):
    """So is one in a partition of a disk with larger sectors."""

    @pytest.fixture
    def store(self) -> FatStore:
        return started(disk(), 4096)


@lru_cache
def disk() -> bytes:
    with TemporaryDirectory() as directory:
        return partitioned(Path(directory, "disk"), made("16"))


def test_names(tmp_path: Path) -> None:
    names = ["lower.txt", "UPPER.TXT", "Mixed.Txt", "lower2.TXT", "README", "noext", "a.b.c"]
    names += ["name with spaces and more than thirteen letters.html", "x" * 200, "日本語", "é"]
    names += [".hidden", "trailing~1", "12345678.123", "exactlythirte"]
    values = {name: name.encode() for name in names}
    values |= {f"many/file {number}": bytes([number % 256]) * number for number in range(300)}
    image = fat(tmp_path / "disk", tree(tmp_path / "root", values), 4 * MIB, "-s", "1")
    assert content(image) == values


def test_an_empty_volume_and_a_label(tmp_path: Path) -> None:
    empty = tree(tmp_path / "root", {})
    assert content(fat(tmp_path / "disk", empty, MIB, "-n", "LABEL")) == {}


def test_a_fragmented_file(tmp_path: Path) -> None:
    """Files whose clusters lie between each other's, as they are where disks were full."""
    root = tree(tmp_path / "root", {f"{n:03}": bytes([n]) * 512 for n in range(250)})
    image = bytearray(fat(tmp_path / "disk", root, MIB // 4, "-F", "12", "-s", "1"))
    assert len(content(bytes(image))) == 250
    from libos.storage.fat_volume import find
    from libos.storage.reader import Reader

    volume = run(find(Reader(RamBlock(len(image), content=bytes(image)))))
    first = volume.data + 512 * 2
    chain = [4, 9, 6, 100, 5]
    for cluster, following in zip(chain, [*chain[1:], 0xFFF], strict=True):
        _set_entry(image, cluster, following)
    at = image.index(b"002        ", volume.root)
    image[at + 26 : at + 32] = (4).to_bytes(2, "little") + (2100).to_bytes(4, "little")
    expected = b"".join(image[first + 512 * (n - 4) :][:512] for n in chain)[:2100]
    store = started(bytes(image))
    assert run(store.get("002")) == expected
    assert run(store.get_partial("002", 700, 900)) == expected[700:1600]


def _set_entry(image: bytearray, cluster: int, value: int) -> None:
    """Set an entry of the first FAT of a FAT12 volume whose FAT is in its second sector."""
    at = 512 + cluster * 3 // 2
    old = int.from_bytes(image[at : at + 2], "little")
    new = (old & 0x000F | value << 4) if cluster % 2 else (old & 0xF000 | value)
    image[at : at + 2] = new.to_bytes(2, "little")


def small(tmp_path: Path, values: dict[str, bytes]) -> bytearray:
    root = tree(tmp_path / "root", values)
    return bytearray(fat(tmp_path / "disk", root, MIB // 8, "-F", "12", "-s", "1"))


def entry_of(image: bytearray, short: bytes) -> int:
    return image.index(short.ljust(11))


def test_a_chain_that_is_a_ring(tmp_path: Path) -> None:
    image = small(tmp_path, {"FILE": bytes(512 * 20)})
    first = int.from_bytes(image[entry_of(image, b"FILE") + 26 :][:2], "little")
    _set_entry(image, first + 3, first)
    store = started(bytes(image))
    with pytest.raises(Damaged, match=f"cluster {first} is in chains twice"):
        run(store.get("FILE"))


def test_a_chain_that_is_short_or_leads_nowhere(tmp_path: Path) -> None:
    for following, words in ((0xFFF, "lacks its last 8704 bytes"), (0xABC, "no cluster 2748")):
        image = small(tmp_path, {"FILE": bytes(512 * 20)})
        first = int.from_bytes(image[entry_of(image, b"FILE") + 26 :][:2], "little")
        _set_entry(image, first + 2, following)
        store = started(bytes(image))
        assert run(store.size("FILE")) == 512 * 20
        with pytest.raises(Damaged, match=words):
            run(store.get("FILE"))


def test_a_directory_in_itself(tmp_path: Path) -> None:
    image = small(tmp_path, {"DIR/SUB/FILE": b"x"})
    parent = image[entry_of(image, b"DIR") + 26 :][:2]
    at = entry_of(image, b"SUB")
    image[at + 26 : at + 28] = parent
    with pytest.raises(Damaged, match="is in chains twice"):
        started(bytes(image))


def test_a_file_larger_than_the_volume(tmp_path: Path) -> None:
    image = small(tmp_path, {"FILE": b"x"})
    at = entry_of(image, b"FILE")
    image[at + 28 : at + 32] = b"\xff" * 4
    with pytest.raises(Damaged, match="'FILE' is larger than all of it"):
        started(bytes(image))


def test_what_is_no_fat(tmp_path: Path) -> None:
    other = bytearray(MIB)
    with pytest.raises(Unrecognised, match="neither a FAT volume nor a partition table"):
        started(bytes(other))
    with pytest.raises(Unrecognised, match="no partition of the disk is one for a FAT volume"):
        started(partitioned(tmp_path / "linux", bytes(MIB), kind="83"))
    with pytest.raises(Damaged, match="partition 2 of the disk holds no FAT volume"):
        started(partitioned(tmp_path / "empty", bytes(MIB)))
    other[510:512] = b"\x55\xaa"
    other[450] = 0xEE
    with pytest.raises(Unrecognised, match="GUID partition table"):
        started(bytes(other))


def test_a_volume_that_is_cut_short() -> None:
    with pytest.raises(Damaged, match="ends at byte 2097152, and the disk at byte 1048576"):
        started(made("12")[:MIB])


@pytest.mark.parametrize(
    ("at", "value"),
    [(13, b"\x80"), (14, b"\xff\xff"), (17, b"\xff\xff"), (19, b"\x05\x00"), (22, b"\x01\x00")],
)
def test_a_boot_sector_that_cannot_be(at: int, value: bytes) -> None:
    image = bytearray(made("12"))
    image[at : at + len(value)] = value
    with pytest.raises(Damaged):
        started(bytes(image))


@lru_cache
def base(kind: str) -> bytes:
    """A small image for the fuzzer to change."""
    values = {"A": b"a" * 700, "a long name": b"b" * 3000, "DIR/SUB/x y z": b"c", "DIR/E": b""}
    options = ["-F", kind, "-s", "1"]
    size = {"12": MIB // 16, "16": 3 * MIB, "32": 35 * MIB}[kind]
    with TemporaryDirectory() as directory:
        root = tree(Path(directory, "root"), values)
        return fat(Path(directory, "disk"), root, size, *options)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(["12"] * 6 + ["16", "16", "32"]),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=8),
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 255)), max_size=2),
)
def test_mutated_volumes(
    kind: str, changes: list[tuple[int, int]], boot: list[tuple[int, int]]
) -> None:
    """A changed volume is read, or refused with words."""
    image = base(kind)
    interesting = _interesting(image)
    data = bytearray(image)
    for position, value in changes:
        data[interesting[position % len(interesting)]] = value
    for position, value in boot:
        data[position] = value
    refused = ""
    try:
        content(bytes(data))
    except (Damaged, Unrecognised) as error:
        refused = str(error)
    assert not refused or len(refused) > 20


@lru_cache
def _interesting(image: bytes) -> list[int]:
    """Where bytes are that are not zero, and their neighbours: tables and directories."""
    near = {at + by for at, byte in enumerate(image[:MIB]) if byte for by in (0, 1)}
    return sorted(at for at in near if at < min(MIB, len(image)) and image[at] not in b"abc")
