"""Boot arguments: declared by the program, told by the operator."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.boot.arguments import Argument, BadArgument, parse
from libos.boot.outcome import BAD_ARGUMENT, Outcome

PORT = Argument("port", "port", "80", "where to listen", "config.py:3", short="p")
NAME = Argument("name", "str", None, "who am I", "config.py:4")
DNS = Argument("dns", "list of address", "", "name servers", "config.py:5")
DRY = Argument("dry", "bool", None, "only say it", "config.py:6", flag=True, short="n")
FAST = Argument("fast", "bool", None, "hurry", "config.py:7", flag=True, short="f")
PEERS = Argument("peer", "ipv4", ("10.0.0.1",), "a peer", "config.py:8", repeated=True)
KEEP = Argument("keep", "bool", "true", "keep it", "config.py:9")
DECLARED = (PORT, NAME, DNS, DRY, FAST, PEERS, KEEP)
FIRST = IPv4Address("10.0.0.1")


def values(*words: str) -> dict[str, object]:
    return parse(DECLARED, list(words))


def refused(*words: str, declared: tuple[Argument, ...] = DECLARED) -> BadArgument:
    with pytest.raises(BadArgument) as caught:
        parse(declared, list(words))
    assert caught.value.code == BAD_ARGUMENT
    return caught.value


def test_defaults_hold_where_nothing_is_said() -> None:
    assert values() == {
        "port": 80,
        "name": None,
        "dns": (),
        "dry": False,
        "fast": False,
        "peer": (FIRST,),
        "keep": True,
    }


def test_the_last_word_wins_unless_the_argument_is_repeated() -> None:
    assert values("--port=1", "--port=8080")["port"] == 8080
    assert values("--peer=10.0.0.2", "--peer=10.0.0.3")["peer"] == (
        IPv4Address("10.0.0.2"),
        IPv4Address("10.0.0.3"),
    )


@pytest.mark.parametrize("words", [["--port=7"], ["--port", "7"], ["-p", "7"], ["-p7"]])
def test_a_value_stands_behind_its_name_or_is_the_next_word(words: list[str]) -> None:
    assert values(*words)["port"] == 7


def test_flags_take_no_value_and_may_share_a_dash() -> None:
    found = values("-nfp8", "--name", "x")
    assert (found["dry"], found["fast"], found["port"], found["name"]) == (True, True, 8, "x")
    assert values("--keep", "--dry")["keep"] is True
    assert values("--keep=no")["keep"] is False
    assert refused("--dry=yes").what == "boot argument `--dry` takes no value"


def test_what_looks_like_an_argument_is_a_value_only_behind_an_equals_sign() -> None:
    assert values("--name=--port")["name"] == "--port"
    assert values("--name", "-5")["name"] == "-5"
    assert values("--name", "")["name"] == ""
    assert refused("--name", "--port=1").do == "write `--name=STR`"
    assert refused("--name").what == "boot argument `--name` has no value"


def test_two_dashes_end_the_arguments() -> None:
    assert values("--port=7", "--")["port"] == 7
    assert refused("--", "x").what == "there is no boot argument `--`"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (
            "--port=http",
            "boot argument `--port`: `http` is not a whole number, declared at config.py:3; "
            "give it as `--port=PORT`",
        ),
        (
            "--dns=10.0.0.1,ten",
            "boot argument `--dns`: `ten` is not an IP address, declared at config.py:5; "
            "give it as `--dns=ADDRESS,...`",
        ),
        ("--prot=1", "there is no boot argument `--prot`; did you mean `--port`?"),
        (
            "-x",
            "there is no boot argument `-x`; the boot arguments are `--dns`, `--dry`, `--fast`, ",
        ),
        ("port=1", "`port=1` is not a boot argument; write `--NAME=VALUE`; `--help` lists them"),
    ],
)
def test_a_bad_word_says_what_is_wrong_where_and_what_to_do(word: str, reason: str) -> None:
    assert refused(word).reason.startswith(reason)


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("--prot", "--port"),
        ("--ports", "--port"),
        ("--por", "--port"),
        ("--pear=1", "--peer"),
        ("--kee", "--keep"),
        ("--zzzz", None),
        ("--" + "x" * 5000, None),
    ],
)
def test_the_nearest_name_is_suggested(word: str, near: str | None) -> None:
    expected = f"did you mean `{near}`?" if near else "the boot arguments are "
    assert refused(word).do.startswith(expected)


def test_a_required_argument_that_is_missing_is_named_with_its_line() -> None:
    token = Argument("token", "str", None, "who may enter", "config.py:12", required=True)
    assert refused(declared=(token,)).reason == (
        "boot argument `--token` must be given: who may enter, declared at config.py:12; "
        "add `--token=STR`"
    )
    assert parse((token,), ["--token="]) == {"token": ""}


def test_one_of_several_words() -> None:
    level = Argument("level", "choice", "low", "how much", "config.py:3", choices=("low", "high"))
    assert parse((level,), ["--level=high"]) == {"level": "high"}
    assert refused("--level=mid", declared=(level,)).what == (
        "boot argument `--level`: `mid` is not one of `low`, `high`"
    )


def test_converters_of_the_users_own() -> None:
    def even(text: str) -> int:
        if int(text) % 2:
            raise ValueError(f"`{text}` is not even")
        return int(text)

    one = Argument("one", even, None, "a number", "config.py:3")
    many = Argument("many", [even], "2,4", "numbers", "config.py:4")
    assert parse((one, many), ["--one=8"]) == {"one": 8, "many": (2, 4)}
    assert (
        "`3` is not even, declared at config.py:4" in refused("--many=2,3", declared=(many,)).reason
    )


def test_networks() -> None:
    net = Argument("net", "network", None, "what to serve", "config.py:3")
    assert parse((net,), ["--net=fd00::/64"]) == {"net": IPv6Network("fd00::/64")}
    assert "without bits of a host" in refused("--net=10.0.0.1/24", declared=(net,)).reason


def test_the_whole_traceback_can_be_asked_for_in_every_program() -> None:
    assert parse((), ["--backtrace"]) == {}
    own = Argument("backtrace", "int", "1", "how deep", "config.py:3")
    assert parse((own,), ["--backtrace=2"]) == {"backtrace": 2}


def test_help_is_a_table_for_a_console_of_80_columns() -> None:
    front = Argument("front-port", "port", "81", "listen here", "config.py:5", group="front")
    logs = Argument(
        "logs",
        "str",
        "info",
        "what is logged: a level, or source:level items, such as *:info,http:debug",
    )
    level = Argument("with-a-very-long-name", "choice", None, "x", choices=("low", "high"))
    token = Argument("token", "str", None, "who may enter", required=True)
    with pytest.raises(Outcome) as caught:
        parse((PORT, front, logs, level, token, PEERS), ["--port=x", "--help"])
    assert caught.value.code == 0
    assert caught.value.text == HELP
    assert max(len(line) for line in HELP.splitlines()) < 80


HELP = """\
boot arguments:
  -p, --port=PORT        where to listen [default: 80]
      --logs=STR         what is logged: a level, or source:level items, such
                         as *:info,http:debug [default: info]
      --with-a-very-long-name=low|high
                         x
      --token=STR        who may enter [required]
      --peer=IPV4        a peer [may be given many times; default: 10.0.0.1]
      --backtrace        show the whole traceback of an error
  -h, --help             show this table

front:
      --front-port=PORT  listen here [default: 81]"""


@given(st.lists(st.text(max_size=8), max_size=5))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    try:
        assert set(parse(DECLARED, words)) == {argument.name for argument in DECLARED}
    except Outcome as outcome:
        assert outcome.code in (0, BAD_ARGUMENT)  # noqa: PT017
