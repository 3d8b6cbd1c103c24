"""Boot arguments: declared by the program, told by the operator, carried by the kernel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.boot.arguments import Argument, encode, from_command_line, parse
from libos.boot.outcome import BAD_ARGUMENT, Outcome

PORT = Argument("port", "port", "80", "where to listen", "config.py:3")
NAME = Argument("name", "str", None, "who am I", "config.py:4")
DNS = Argument("dns", "words", "", "name servers", "config.py:5")
DECLARED = (PORT, NAME, DNS)


def test_defaults_hold_where_nothing_is_said() -> None:
    assert parse(DECLARED, []) == {"port": 80, "name": None, "dns": ()}


def test_the_last_word_wins() -> None:
    words = ["--port=1", "--dns=10.0.0.1, 10.0.0.2", "--port=8080"]
    assert parse(DECLARED, words) == {"port": 8080, "name": None, "dns": ("10.0.0.1", "10.0.0.2")}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "--port=http",
            "boot argument --port: 'http' is not a whole number, declared at config.py:3",
        ),
        ("--port=0", "'0' is not a port from 1 to 65535"),
        ("--prot=1", "unknown boot argument '--prot=1'; there are: --dns, --name, --port"),
        ("port=1", "unknown boot argument 'port=1'"),
    ],
)
def test_a_bad_word_says_what_is_wrong_and_where_it_was_declared(word: str, message: str) -> None:
    with pytest.raises(Outcome) as caught:
        parse(DECLARED, [word])
    assert caught.value.code == BAD_ARGUMENT
    assert message in caught.value.reason


def test_help_lists_the_arguments_and_is_a_success() -> None:
    with pytest.raises(Outcome, match=r"--port=PORT  where to listen \(default: 80\)") as caught:
        parse(DECLARED, ["--help"])
    assert caught.value.code == 0


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
