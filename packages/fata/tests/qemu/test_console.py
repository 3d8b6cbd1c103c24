"""What is made of a guest's console."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.qemu.console import LINE_LIMIT, Lines, Reading, Verdict, plain


def _read(data: bytes, size: int = 1 << 20) -> tuple[list[str], Reading]:
    lines, reading = Lines(), Reading()
    texts: list[str] = []
    for start in range(0, len(data), size):
        texts += lines.feed(data[start : start + size])
    texts += lines.end()
    for text in texts:
        reading.line(text)
    return texts, reading


@pytest.mark.parametrize(
    ("console", "verdict"),
    [
        (b"hello\r\nfata: exit 0\r\n", Verdict(0, None)),
        (b"fata: exit 7 no such volume\n", Verdict(7, "no such volume")),
        (b"fata: exit 255", Verdict(255, None)),
        (b"\x1b[0mfata: exit 3\x1b[K\r\r\n", Verdict(3, None)),
        (b"half a linefata: exit 1 error\n", Verdict(1, "error")),
        (b"fata: exit 1 child said fata: exit 7\n", Verdict(1, "child said fata: exit 7")),
        (b"fata: exit 0\r\n[    1.848061] reboot: Restarting system\r\n", Verdict(0, None)),
        (b"fata: exit 0\r\nreboot: Restarting system\r\n\r\n", Verdict(0, None)),
        (b"fata: exit 0\nfata: exit 4\n", Verdict(4, None)),
        (b"fata: exit 0\nTraceback\n", None),
        (b"fata: exit 0\n[    1.2] Kernel panic - not syncing: x\n", None),
        (b"fata: exit 256\n", None),
        (b"fata: exit -1\n", None),
        (b"fata: exit 00000\n", None),
        (b"fata: exit 7up\n", None),
        ("fata: exit ٣\n".encode(), None),
        (b"FATA: exit 1\n", None),
        (b"", None),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 4096])
def test_the_last_line_is_the_verdict(console: bytes, verdict: Verdict | None, size: int) -> None:
    assert _read(console, size)[1].verdict == verdict


@pytest.mark.parametrize(
    ("console", "diagnosis"),
    [
        (
            b"[ 1.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\n",
            "the first process ended with 3 and said nothing of it",
        ),
        (
            b"[ 1.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000086\n",
            "the first process was killed by signal 6",
        ),
        (
            b"Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n",
            "the kernel found no program to start: VFS: Unable to mount root fs on"
            " unknown-block(0,0)",
        ),
        (b"Kernel panic - not syncing: Fatal exception\n", "kernel panic: Fatal exception"),
        (
            b"Initramfs unpacking failed: write error\nKernel panic - not syncing: No working init"
            b" found.\n",
            "the initramfs could not be unpacked: write error",
        ),
        (b"[ 2.2] Out of memory: Killed process 1 (python3)\n", "the guest ran out of memory"),
        (
            b"Kernel panic - not syncing: System is deadlocked on memory\n",
            "the guest ran out of memory",
        ),
        (b"hello\n", None),
    ],
)
def test_a_kernel_tells_why_it_ended(console: bytes, diagnosis: str | None) -> None:
    assert _read(console)[1].diagnosis() == diagnosis


def test_lines_are_safe_to_show() -> None:
    assert plain(b"\x1b]0;title\x07\x1b[1;31mred\x1b[0m\x00\x08\ttab\x7f\xff\r") == "red\ttab�"
    assert plain("schön \u202e evil".encode()) == "schön  evil"


@given(st.binary(max_size=4000), st.integers(1, 100))
def test_pieces_do_not_matter(data: bytes, size: int) -> None:
    assert _read(data, size)[0] == _read(data)[0]


@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"\x1b", b"\x1b[", b"\x1b]", b"fata: exit ", b"0", b"\r", b"\n", b"["])
    ).map(b"".join)
)
def test_anything_is_read_into_printable_lines(data: bytes) -> None:
    texts, reading = _read(data)
    assert all(text.replace("\t", "").isprintable() or not text for text in texts)
    if reading.verdict is not None:
        assert 0 <= reading.verdict.code <= 255


@given(st.binary(max_size=200), st.integers(0, 255))
def test_a_verdict_after_anything_counts(noise: bytes, code: int) -> None:
    assert _read(noise + b"\nfata: exit %d\r\n" % code)[1].verdict == Verdict(code, None)


@pytest.mark.parametrize("length", range(LINE_LIMIT - 16, LINE_LIMIT + 4))
def test_an_endless_line_is_cut_and_its_verdict_still_seen(length: int) -> None:
    texts, reading = _read(b"x" * length + b"fata: exit 9\n", 1000)
    assert max(map(len, texts)) <= LINE_LIMIT + 1000
    assert reading.verdict == Verdict(9, None)


def test_memory_stays_bounded() -> None:
    lines = Lines()
    for _ in range(200):
        lines.feed(b"\x1b]" + b"x" * 65536)
    assert len(lines.end()[0]) <= 2 * LINE_LIMIT
