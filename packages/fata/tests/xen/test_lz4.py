"""Parts of what LZ4 packs, beside `lz4` itself."""

from __future__ import annotations

import random
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from fata.xen.lz4 import BLOCK, MAGIC, part


def packed(data: bytes) -> bytes:
    command = ("lz4", "-l", "-9", "-c")
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def test_any_part_of_a_large_file_is_read() -> None:
    source = random.Random(1)
    words = [source.randbytes(source.randrange(1, 40)) for _ in range(500)]
    data = b"".join(source.choice(words) for _ in range(500_000))[: BLOCK + 4000]
    frame = packed(data)
    for start, length in (
        (0, 64),
        (1234, 5000),
        (BLOCK - 10, 20),
        (BLOCK, 100),
        (len(data) - 5, 100),
        (len(data), 1),
        (1 << 40, 1),
    ):
        assert part(frame, start, length) == data[start : start + length]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=8), st.integers(1, 700)), max_size=9))
def test_what_repeats_is_read(pieces: list[tuple[bytes, int]]) -> None:
    data = b"".join(piece * count for piece, count in pieces)
    assert part(packed(data), 0, len(data) + 1) == data


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 400))
def test_what_is_damaged_is_no_more_than_was_asked_for(
    data: bytes, start: int, length: int
) -> None:
    block = len(data).to_bytes(4, "little") + data
    assert len(part(MAGIC + block, start, length)) <= length
    assert len(part(MAGIC + data, start, length)) <= length
