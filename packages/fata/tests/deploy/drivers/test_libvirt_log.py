"""libvirt's log of a console goes on where what was taken down of it ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.drivers.console import LINE_BYTES, Ring
from fata.deploy.drivers.libvirt_log import Log, position

LIMIT = 4096


def taken_down(path: Path, data: bytes) -> None:
    ring = Ring(path, LIMIT)
    ring.feed(data)
    ring.close()


@given(
    lines=st.lists(st.binary(max_size=200), max_size=60),
    meanwhile=st.binary(max_size=300),
    cut=st.integers(0, 100),
)
def test_it_goes_on_where_the_console_ended(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], meanwhile: bytes, cut: int
) -> None:
    place = tmp_path_factory.mktemp("guest")
    said = b"\n".join(lines)
    before = said[: len(said) - cut] if cut < len(said) else said
    taken_down(place / "console", before)
    (place / "log").write_bytes(said + meanwhile)
    log = Log(place / "log", position(place / "log", place / "console"))
    assert log.read() == (said + meanwhile)[len(before) :]
    log.close()


def test_lines_that_were_too_long_are_gone_past(tmp_path: Path) -> None:
    before = b"hello\n" + b"x" * (LINE_BYTES + 10) + b"\nafter it\n"
    taken_down(tmp_path / "console", before)
    (tmp_path / "log").write_bytes(before + b"meanwhile\n")
    assert position(tmp_path / "log", tmp_path / "console") == len(before)


def test_one_that_was_begun_anew_is_read_from_its_start(tmp_path: Path) -> None:
    taken_down(tmp_path / "console", b"hello\n" * 10)
    (tmp_path / "log").write_bytes(b"meanwhile\n")
    assert position(tmp_path / "log", tmp_path / "console") == 0


def test_it_is_followed_into_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    log = Log(path, 0)
    assert log.read() == b"one\n"
    assert log.read() == b""
    with path.open("ab", buffering=0) as file:
        file.write(b"two\n")
        path.rename(tmp_path / "log.0")
        assert log.read() == b"two\n", "there may be no file of that name for a moment"
        file.write(b"three\n")
    path.write_bytes(b"four\n")
    assert log.read() == b"three\nfour\n"
    assert log.read() == b""
    log.close()
