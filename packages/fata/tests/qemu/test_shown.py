"""The console that an operator is shown."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.qemu.shown import Shown

CONSOLE = (
    b"PCI: Fatal: No config space access function found\r\n"
    b"hello\r\n\r\nfata: exit 0 finished\r\nreboot: Restarting system\r\n"
)


def shown(*pieces: bytes, everything: bool = False) -> bytes:
    console = Shown(everything=everything)
    return b"".join(console.feed(piece) for piece in pieces) + console.end()


@given(st.lists(st.integers(0, len(CONSOLE)), max_size=8))
def test_two_remarks_of_the_kernel_are_left_out_however_the_bytes_come(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(CONSOLE)]
    pieces = [CONSOLE[a:b] for a, b in pairwise(edges)]
    assert shown(*pieces) == b"hello\n\nfata: exit 0 finished\n"
    assert shown(*pieces, everything=True) == CONSOLE.replace(b"\r\n", b"\n")


@pytest.mark.parametrize(
    "console",
    [
        b"reboot: is what this program is called\n",
        b"hello\nPCI: Fatal: No config space access function found\n",
        b"fata: exit 0 finished\nbut it goes on\nreboot: Restarting system\n",
        b"50 %\r60 %\r70 %",
        b"\xff\x00\x1b[2J",
    ],
)
def test_what_a_program_says_itself_is_shown(console: bytes) -> None:
    assert shown(console) == console
    assert shown(*(bytes([byte]) for byte in console)) == console


def test_a_stamp_before_the_remark_makes_no_difference() -> None:
    assert shown(b"[    4.6] reboot: Power down\n") == b"[    4.6] reboot: Power down\n"
    ended = b"fata: exit 3\n"
    assert shown(ended + b"[    4.636096] reboot: Power down") == ended
    assert shown(ended + b"[    4.6", b"36096] reboot: Power down\r\n") == ended


def test_a_line_that_is_not_finished_is_shown_at_once() -> None:
    console = Shown()
    assert console.feed(b"name? ") == b"name? "
    assert console.feed(b"P") == b"P"
    assert console.feed(b"\r") == b""
    assert console.feed(b"\n") == b"\n"


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_nothing_else_is_lost(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert shown(b"x", *pieces).replace(b"\r", b"") == b"x" + whole.replace(b"\r", b"")
