"""Consoles in files: bounded whatever a guest does, readable in turns, harmless to show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.drivers.console import LINE_BYTES, Ring, display, last_lines, read_since

LIMIT = 4096


def fed(path: Path, *chunks: bytes) -> bytes:
    ring = Ring(path, LIMIT)
    for chunk in chunks:
        ring.feed(chunk)
        assert path.stat().st_size <= LIMIT
    ring.close()
    assert ring.lost == 0
    return path.read_bytes()


def test_what_fits_is_kept_as_it_was_written(tmp_path: Path) -> None:
    assert fed(tmp_path / "console", b"\x1b[31mred", b"\xff\n") == b"\x1b[31mred\xff\n"


def test_the_older_half_is_dropped_and_the_file_says_so(tmp_path: Path) -> None:
    lines = [b"line %04d\n" % number for number in range(2000)]
    data = fed(tmp_path / "console", *lines)
    head, first, *_ = data.split(b"\n")
    *_, last, _ = data.split(b"\n")
    number = int(first.split()[1])
    assert head == b"[fata: the first %d bytes are no longer kept]" % (number * 10)
    assert last == b"line 1999"


def test_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    data = fed(tmp_path / "console", *[b"x" * 1000] * 1000, b"\nafter\n")
    note = b"[fata: %d bytes left out]\n" % (1_000_000 - LINE_BYTES)
    assert data.endswith(note + b"after\n")


@given(st.lists(st.binary(max_size=9000) | st.sampled_from((b"\n" * 50, b"y" * 5000))))
def test_any_output_stays_within_bounds(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("ring") / "console"
    data = fed(path, *chunks)
    assert max(map(len, data.split(b"\n"))) <= LINE_BYTES + 40
    display(data)


@given(st.lists(st.binary(max_size=200), max_size=60))
def test_what_is_read_in_turns_is_all_of_it(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("ring") / "console"
    ring, position, read = Ring(path, LIMIT), 0, b""
    for chunk in chunks:
        ring.feed(chunk.replace(b"\n", b""))
        ring.feed(b"\n")
        data, position = read_since(path, position)
        read += data
    ring.close()
    assert read == b"".join(chunk.replace(b"\n", b"") + b"\n" for chunk in chunks)


def test_a_reader_whom_a_flood_overtook_goes_on_with_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "console"
    fed(path, *[b"%07d\n" % number for number in range(10000)])
    data, position = read_since(path, 8)
    assert position == 80000
    assert data.startswith(path.read_bytes().split(b"\n")[1])
    assert read_since(path, position) == (b"", position)


def test_a_console_that_was_begun_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "console").write_bytes(b"again\n")
    assert read_since(tmp_path / "console", 5000) == (b"again\n", 6)


def test_a_writer_that_comes_later_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "console"
    fed(path, *[b"%07d\n" % number for number in range(1000)])
    before = read_since(path, 0)[1]
    fed(path, b"more\n")
    assert read_since(path, before) == (b"more\n", 8005)


def test_a_full_disk_takes_nothing_away_from_the_guest(tmp_path: Path) -> None:
    (tmp_path / "console").write_bytes(b"")
    ring = Ring(tmp_path / "console", LIMIT)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, ring._file)
    os.close(full)
    ring.feed(b"not written\n")
    assert ring.lost == 12
    ring.close()


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "console").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Ring(tmp_path / "console", LIMIT)


def test_only_text_is_displayed() -> None:
    hostile = b"\x1b]0;title\x07\x1b[2Jred\x1b[0m\xff\x00\x07\r\nnext\tline"
    assert display(hostile) == "red\N{REPLACEMENT CHARACTER}\nnext\tline"


@given(st.binary())
def test_any_bytes_are_displayed_as_printable_text(data: bytes) -> None:
    assert all(c.isprintable() or c in "\n\t" for c in display(data))


def test_the_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "console"
    assert last_lines(path, 2) == ()
    path.write_bytes(b"")
    assert last_lines(path, 2) == ()
    path.write_bytes(b"one\ntwo\r\n\x1b[1mthree\n")
    assert last_lines(path, 2) == ("two", "three")
