"""Boot arguments as the kernel carries them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libos.boot.command_line import encode, from_command_line
from libos.boot.outcome import BAD_ARGUMENT, Outcome


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=8))
def test_the_kernel_command_line_carries_any_words(words: list[str]) -> None:
    line = " ".join(("quiet", *map(encode, words), "virtio_mmio.device=512@0xfeb00e00:12"))
    assert from_command_line(line) == words
    assert all(0x20 < ord(c) < 0x7F for word in words for c in encode(word))


@given(st.text())
def test_a_hostile_command_line_is_read_or_refused(text: str) -> None:
    try:
        from_command_line(text)
    except Outcome as outcome:
        assert outcome.code == BAD_ARGUMENT  # noqa: PT017
