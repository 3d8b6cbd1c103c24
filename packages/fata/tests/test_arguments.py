"""Boot arguments are checked before anything boots, by what the manifest says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fata.arguments import BootArgumentError, check_arguments
from fata.image.manifest import ArgumentRecord, Interpreter, Manifest
from functoria import Position

MADE = Manifest(
    name="web",
    target="virtio",
    versions={},
    source=None,
    keys={"language": "en", "target": "virtio"},
    arguments=(
        ArgumentRecord("port", "port", "80", "where to listen", "config.py:3", short="p"),
        ArgumentRecord("peer", "ipv4", ("10.0.0.1",), "a peer", "config.py:4", repeated=True),
        ArgumentRecord("even", "web:even", "2", "a number", "config.py:5"),
        ArgumentRecord("evens", "list of web:even", None, "numbers", "config.py:6"),
    ),
    interpreter=Interpreter("3", ""),
    requirements=(),
)
TOKEN = ArgumentRecord("token", "str", None, "who may enter", "config.py:9", required=True)


def refused(*words: str, made: Manifest = MADE) -> BootArgumentError:
    with pytest.raises(BootArgumentError) as caught:
        check_arguments(made, words)
    assert caught.value.exit_code == 64
    return caught.value


def test_what_the_program_would_take_is_taken() -> None:
    assert check_arguments(MADE, ["-p8080", "--peer", "10.0.0.2", "--peer=10.0.0.3"]) is None


def test_a_bad_value_is_refused_at_the_line_that_declared_the_argument() -> None:
    error = refused("--port=http")
    assert error.what == "boot argument `--port`: `http` is not a whole number"
    assert error.where == Position("config.py", 3)
    assert error.do == "give it as `--port=PORT`"


def test_what_is_missing_is_refused_at_the_line_that_wants_it() -> None:
    made = replace(MADE, arguments=(*MADE.arguments, TOKEN))
    error = refused(made=made)
    assert error.what == "boot argument `--token` must be given: who may enter"
    assert error.where == Position("config.py", 9)
    assert check_arguments(made, ["--token", "secret"]) is None


def test_values_that_the_program_reads_itself_are_left_to_it() -> None:
    assert check_arguments(MADE, ["--even=x", "--evens=a,b"]) is None


@pytest.mark.parametrize(
    ("words", "value"),
    [(["--language=fr"], "fr"), (["--language", "fr"], "fr"), (["--language"], "VALUE")],
)
def test_a_key_is_not_an_argument(words: list[str], value: str) -> None:
    error = refused(*words)
    assert error.what == "`--language` is chosen when the program is configured"
    assert error.do == f"run `fata configure --language {value}`, then `fata build`"


def test_the_table_can_be_asked_for_without_booting() -> None:
    table = check_arguments(MADE, ["--help"])
    assert table is not None
    assert "-p, --port=PORT" in table
    assert "--even=VALUE" in table
