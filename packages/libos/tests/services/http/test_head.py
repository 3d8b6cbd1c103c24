"""Targets, dates and ranges, held against the standard library and the RFC."""

from __future__ import annotations

import email.utils
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.services.http.byte_range import Unsatisfiable, byte_range
from libos.services.http.content_type import content_type
from libos.services.http.date import imf_fixdate
from libos.services.http.head import percent_decoded
from libos.services.http.status import status_line


@given(st.text("%0123456789abcdefABCDEFg/é ").map(lambda text: text.encode("ascii", "ignore")))
def test_paths_are_decoded_as_the_standard_library_does(path: bytes) -> None:
    assert percent_decoded(path) == urllib.parse.unquote(path.decode())


@given(st.text())
def test_every_text_survives_in_a_path(text: str) -> None:
    quoted = urllib.parse.quote(text, errors="replace").encode()
    assert percent_decoded(quoted) == urllib.parse.unquote(quoted.decode())


@given(st.integers(0, 2**35))
def test_dates_are_written_as_the_standard_library_does(seconds: int) -> None:
    assert imf_fixdate(seconds) == email.utils.formatdate(seconds, usegmt=True)


def test_status_lines() -> None:
    assert status_line(200) == b"HTTP/1.1 200 OK\r\n"
    assert status_line(299) == b"HTTP/1.1 299 \r\n"


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (b"bytes=0-0", (0, 1)),
        (b"bytes=2-4", (2, 5)),
        (b"Bytes = 2-4", (2, 5)),
        (b"bytes=9-", (9, 10)),
        (b"bytes=5-99", (5, 10)),
        (b"bytes=-3", (7, 10)),
        (b"bytes=-99", (0, 10)),
        (b"bytes=4-2", None),
        (b"bytes=0-1,3-4", None),
        (b"bytes=-", None),
        (b"bytes=", None),
        (b"bytes=a-b", None),
        (b"bytes=+1-2", None),
        (b"bytes=1-" + b"9" * 5000, None),
        (b"lines=1-2", None),
        (b"", None),
    ],
)
def test_ranges_of_ten_bytes(header: bytes, span: tuple[int, int] | None) -> None:
    assert byte_range(header, 10) == span


@pytest.mark.parametrize("header", [b"bytes=10-", b"bytes=10-20", b"bytes=-0"])
def test_ranges_outside_of_ten_bytes(header: bytes) -> None:
    with pytest.raises(Unsatisfiable):
        byte_range(header, 10)


@given(st.binary(max_size=30), st.integers(0, 50))
def test_a_range_lies_within_the_value(header: bytes, size: int) -> None:
    try:
        span = byte_range(b"bytes=" + header, size)
    except Unsatisfiable:
        return
    assert span is None or 0 <= span[0] < span[1] <= size


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("A.B/PHOTO.JPG", "image/jpeg"),
        ("archive.tar.gz", "application/gzip"),
        ("html", "application/octet-stream"),
        ("Makefile", "application/octet-stream"),
        ("x.unknown", "application/octet-stream"),
    ],
)
def test_content_types(name: str, expected: str) -> None:
    assert content_type(name) == expected
