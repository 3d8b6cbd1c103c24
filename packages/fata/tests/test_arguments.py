"""Boot arguments are checked before anything boots, by what the manifest says of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fata.arguments import BootArgumentError, check_arguments, check_settings
from fata.image.manifest import ArgumentRecord, Interpreter, Manifest, NetworkDevice
from fata.settings import load
from functoria import Position, UserError

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


@pytest.mark.parametrize(
    ("arguments", "line", "what"),
    [
        ('["--token=a", "--port=http"]', 3, "boot argument `--port`: `http` is not a whole"),
        (
            '[\n  "--token=a",\n  "--port", # of it\n  "http",\n]',
            6,
            "boot argument `--port`: `http`",
        ),
        ('[\n  "--token=a",\n  "--prot=80",\n]', 5, "there is no boot argument `--prot`"),
        ('["--token=a", "--language=de"]', 3, "`--language` is chosen when the program is"),
        ("[]", 3, "boot argument `--token` must be given"),
    ],
)
def test_what_fata_toml_gives_is_refused_at_its_line(
    tmp_path: Path, arguments: str, line: int, what: str
) -> None:
    made = replace(MADE, arguments=(*MADE.arguments, TOKEN))
    text = f'[environments.production]\nbranch = "main"\narguments = {arguments}\n'
    (tmp_path / "fata.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        check_settings(made, load(tmp_path).environment(), tmp_path)
    assert caught.value.what.startswith(what)
    assert str(caught.value.where).endswith(f"fata.toml:{line}")
    assert caught.value.exit_code == 1


def test_values_that_the_program_reads_itself_are_left_to_it() -> None:
    assert check_arguments(MADE, ["--even=x", "--evens=a,b"]) is None


def test_a_manifest_cannot_have_a_host_call_functions_of_its_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[str] = []
    monkeypatch.setattr("libos.boot.mounts.found", called.append, raising=False)
    for converter in ("libos.boot.mounts:found", "list of libos.boot.mounts:found"):
        record = ArgumentRecord("x", converter, None, "", "config.py:5")
        assert check_arguments(replace(MADE, arguments=(record,)), ["--x=/"]) is None
    assert called == []


def test_values_that_libos_reads_are_checked() -> None:
    levels = ArgumentRecord("logs", "libos.logs:levels", "info", "", "config.py:7", short="l")
    made = replace(MADE, arguments=(levels,))
    assert check_arguments(made, ["-l", "*:info,http:debug"]) is None
    error = refused("--logs=nonsense", made=made)
    assert error.what == (
        "boot argument `--logs`: `nonsense` is not `level` or `source:level`; levels are debug, "
        "info, warning, error, quiet"
    )
    assert error.where == Position("config.py", 7)


def test_what_only_another_libos_can_read_is_left_to_it() -> None:
    later = ArgumentRecord("pace", "libos.pace:pace", None, "", "config.py:7")
    assert check_arguments(replace(MADE, arguments=(later,)), ["--pace=x"]) is None


def with_stack(*groups: str) -> Manifest:
    """A program with interfaces that stacks lead, the first of them without a name of its own."""
    named = [("net", ""), *((group, f"{group}-") for group in groups)]
    defaults = {"ipv4": "dhcp", "ipv6": "auto", "dns": ""}
    names = ("ipv4", "ipv4-gateway", "ipv6", "ipv6-gateway", "dns", "hostname")
    return replace(
        MADE,
        arguments=tuple(
            ArgumentRecord(
                f"{prefix}{name}",
                "list of str" if name == "dns" else "str",
                defaults.get(name),
                "",
                f"config.py:{line}",
            )
            for line, (_, prefix) in enumerate(named, 1)
            for name in names
        ),
        network=tuple(NetworkDevice(number, name) for number, (name, _) in enumerate(named)),
    )


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--ipv4=10.0.0.300/8"], "`--ipv4=10.0.0.300/8`: `10.0.0.300` is not an IP address"),
        (["--ipv4=10.0.0.3"], "`--ipv4=10.0.0.3`: `10.0.0.3` has no prefix length"),
        (["--ipv6=10.0.0.3/8"], "`--ipv6=10.0.0.3/8`: `10.0.0.3/8` is not an IPv6 address"),
        (["--dns=10.0.0.1,dns"], "`--dns=dns`: name server `dns` is not an IP address"),
        (["--hostname=-a"], "`--hostname=-a`: `-a` is not a host name"),
        (
            ["--ipv4-gateway=10.0.0.1"],
            "`--ipv4-gateway=10.0.0.1`: a gateway is given, but no static address to go with it: "
            "`--ipv4=dhcp`",
        ),
        (
            ["--ipv4=10.0.0.2/24", "--ipv4-gateway=10.0.1.1"],
            "`--ipv4-gateway=10.0.1.1`: gateway `10.0.1.1` is outside of the subnet 10.0.0.0/24",
        ),
    ],
)
def test_addresses_are_checked_by_the_rules_of_the_guest(words: list[str], what: str) -> None:
    error = refused(*words, made=with_stack())
    assert error.what == f"boot argument {what}"
    assert error.where == Position("config.py", 1)


def test_each_interface_has_addresses_of_its_own() -> None:
    made = with_stack("back")
    assert check_arguments(made, ["--ipv4=10.0.0.2/24", "--back-ipv6=fd00::2/64"]) is None
    error = refused("--back-ipv4=10.0.0.0/24", made=made)
    assert error.what.startswith("boot argument `--back-ipv4=10.0.0.0/24`: ")
    assert error.where == Position("config.py", 2)


@pytest.mark.parametrize(
    ("words", "value"),
    [(["--language=fr"], "fr"), (["--language", "fr"], "fr"), (["--language"], "VALUE")],
)
def test_a_key_is_not_an_argument(words: list[str], value: str) -> None:
    error = refused(*words)
    assert error.what == "`--language` is chosen when the program is configured"
    assert error.do == (
        f"run `fata configure` with `--language {value}` and the keys of before, then `fata build`"
    )


def test_the_table_can_be_asked_for_without_booting() -> None:
    table = check_arguments(MADE, ["--help"])
    assert table is not None
    assert "-p, --port=PORT" in table
    assert "--even=VALUE" in table
