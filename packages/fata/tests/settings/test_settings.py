"""`fata.toml`: what it says, what holds without it, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.settings import (
    CommandLine,
    Environment,
    Health,
    Kind,
    Limits,
    Pipeline,
    Port,
    Protocol,
    Settings,
    load,
    parse,
)
from functoria.error import Position, UserError

EVERYTHING = """\
app = "website"

[pipeline]
setup = ["pip install -r requirements-dev.txt"]
test = ["python -m pytest -q", "python -m mypy 'my program'"]
targets = ["virtio", "xen"]
reproducible = false

[environments.production]
branch = "main"
host = "root@box"
arguments = ["--greeting=hello world"]
ports = ["80:80", "back/53:5353/udp"]
memory = "64MiB"
cpus = 2
keep = 5

[environments.production.health]
kind = "http"
port = 8080
path = "/health"
status = 204
text = "fine"
successes = 4
interval = "250ms"
timeout = 2
deadline = "1m30s"
drain = "0s"

[environments.production.limits]
cpu = 0.5
io = "10MiB"

[environments.staging]
branch = "next"
"""


def test_all_that_can_be_said() -> None:
    assert parse(EVERYTHING.encode()) == Settings(
        app="website",
        pipeline=Pipeline(
            setup=(CommandLine(("pip", "install", "-r", "requirements-dev.txt")),),
            test=(
                CommandLine(("python", "-m", "pytest", "-q")),
                CommandLine(("python", "-m", "mypy", "my program")),
            ),
            targets=("virtio", "xen"),
            reproducible=False,
        ),
        environments=(
            Environment(
                name="production",
                branch="main",
                host="root@box",
                arguments=("--greeting=hello world",),
                ports=(Port(80, 80), Port(53, 5353, Protocol.UDP, "back")),
                memory=64,
                cpus=2,
                keep=5,
                health=Health(Kind.HTTP, 8080, "/health", 204, "fine", 4, 0.25, 2.0, 90.0, 0.0),
                limits=Limits(0.5, 10 << 20),
            ),
            Environment("staging", branch="next"),
        ),
    )


def test_without_the_file_there_is_one_environment(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.environments == (Environment("production", branch="main"),)
    assert settings.environment().keep == 3
    assert settings.pipeline == Pipeline()
    assert parse(b"").environments == settings.environments


def test_an_environment_that_is_not_there() -> None:
    with pytest.raises(UserError, match="did you mean `staging`") as caught:
        parse(EVERYTHING.encode()).environment("stagin")
    assert caught.value.what == "there is no environment `stagin`"


def test_branches_lead_to_environments() -> None:
    settings = parse(EVERYTHING.encode())
    assert [
        found and found.name for found in map(settings.for_branch, ("main", "next", "other"))
    ] == ["production", "staging", None]
    elsewhere = parse(b'[environments.production]\n[environments.staging]\nbranch = "main"')
    assert elsewhere.environment("production").branch is None


@pytest.mark.parametrize(
    ("ports", "health"),
    [
        ('["80:80"]', Health(Kind.HTTP, 80)),
        ('["2525:25", "8000:8080"]', Health(Kind.HTTP, 8080)),
        ('["53:53/udp", "53:53"]', Health(Kind.TCP, 53)),
        ('["53:53/udp"]', Health(Kind.CONSOLE)),
        ("[]", Health(Kind.CONSOLE)),
    ],
)
def test_health_follows_the_ports(ports: str, health: Health) -> None:
    settings = parse(f"[environments.production]\nports = {ports}".encode())
    assert settings.environment().health == health


WRONG = [
    ('[pipelin]\ntest = ["x"]', 1, "did you mean `pipeline`?"),
    ('[pipeline]\n\ntets = ["x"]', 3, "did you mean `test`?"),
    ("app = 3", 1, "`app` holds text in quotation marks, not `3`"),
    ('\napp = "Web"', 2, "`Web` cannot be a name"),
    ("[pipeline]\nreproducible = 1", 2, "`reproducible` is `true` or `false`, not `1`"),
    ('[pipeline]\ntest = "pytest"', 2, "`test` is a list in brackets"),
    ('[pipeline]\ntest = [\n  "a && b"]', 3, "`a && b` has `&` for a shell"),
    ('[pipeline]\ntest = ["echo $HOME"]', 2, "has `$` for a shell"),
    ('[pipeline]\ntest = ["""echo "$HOME\\""""]', 2, "has `$` for a shell"),
    ('[pipeline]\ntest = ["A=b pytest"]', 2, "write `env A=b pytest`"),
    ('[pipeline]\ntest = ["echo \'x"]', 2, "not closed"),
    ('[pipeline]\ntest = [""]', 2, "names no program"),
    ('[pipeline]\ntargets = ["xne"]', 2, "`xne` is not one of"),
    ("[pipeline]\ntargets = []", 2, "write one or more"),
    ("pipeline = 3", 1, "begin it with `[pipeline]`"),
    ("[environments.Production]", 1, "`Production` cannot be a name"),
    ('[environments]\nproduction.port = ["80:80"]', 2, "did you mean `ports`?"),
    ('[environments.a]\n[environments.b]\nhost = "-oProxy"', 3, "not a machine that ssh"),
    ('[environments.a]\nports = ["80"]', 2, "`80` does not lead a port anywhere"),
    ('[environments.a]\nports = ["80:80/icmp"]', 2, "no transport"),
    ('[environments.a]\nports = ["80:99999"]', 2, "not a port from 1 to 65535"),
    ('[environments.a]\nports = ["80:80", "80:81"]', 2, "`80:80` and `80:81` are the same port"),
    ('[environments.a]\nmemory = "64.5KiB"', 2, "not a whole number of MiB"),
    ("[environments.a]\ncpus = 0", 2, "`cpus` is from 1 to 256, not `0`"),
    ("[environments.a]\ncpus = true", 2, "`cpus` is a whole number, not `true`"),
    ('[environments.a]\nbranch = "a..b"', 2, "cannot be a branch"),
    ('[environments.a.health]\nkind = "icmp"', 2, "`icmp` is not one of"),
    ('[environments.a.health]\nkind = "http"', 2, "there is no port to ask by http"),
    ('[environments.a.health]\npath = "/"', 2, "`path` means nothing for health by console"),
    ("[environments.a.health]\nport = 80\npath = ''", 3, "not a path of HTTP"),
    ('[environments.a.health]\ninterval = "soon"', 2, "`soon` is not a duration"),
    ("[environments.a.health]\ninterval = nan", 2, "`nan` is not a duration"),
    ("[environments.a.limits]\ncpu = inf", 2, "`cpu` is from 0.01 to 256"),
    ("[environments.a.limits]\nio = 0", 2, "at least one byte"),
    ("x = ", 1, "this is not TOML"),
    ("a = 1\na = 2", 2, "this is not TOML"),
    (
        '[environments.a]\nbranch = "main"\n[environments.b]\nbranch = "main"',
        4,
        "`b` and `a` are both deployed from `main`",
    ),
    (
        '[environments.a]\nhost = "h"\nports = ["80:1"]\n'
        '[environments.b]\nhost = "h"\nports = ["80:2"]',
        6,
        "port 80/tcp of `h` is also the port of `a`",
    ),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG)
def test_what_is_wrong_and_where(text: str, line: int, said: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(text.encode())
    assert caught.value.where == Position("fata.toml", line)
    assert said in f"{caught.value.what}; {caught.value.do}"
    assert caught.value.do


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "fata.toml").write_bytes(b'app = "x"\n# \xff')
    with pytest.raises(UserError, match="UTF-8") as caught:
        load(tmp_path)
    assert str(caught.value.where).endswith("fata.toml:2")
    (tmp_path / "fata.toml").unlink()
    (tmp_path / "fata.toml").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path)


def test_what_would_take_for_ever_is_refused() -> None:
    for content in (b"#" * 200_000, b"a = " + b"[" * 50_000, b"a = " + b"9" * 5_000):
        with pytest.raises(UserError):
            parse(content)


def refusal(content: bytes) -> UserError | None:
    try:
        parse(content)
    except UserError as error:
        return error
    return None


_words = st.sampled_from(
    [*EVERYTHING.split(), "[", "]", '"', "=", "\n", "{", "}", "'''", '"""', "1", "true", "x"]
)


@given(st.one_of(st.binary(max_size=200), st.lists(_words, max_size=40).map(" ".join)))
def test_any_bytes_are_settings_or_an_error_with_a_remedy(content: bytes | str) -> None:
    data = content.encode() if isinstance(content, str) else content
    error = refusal(data)
    if error is not None:
        assert error.what
        assert error.do
        assert "\n" not in error.what


@given(st.data())
def test_a_line_lost_from_the_file_is_never_a_crash(data: st.DataObject) -> None:
    lines = EVERYTHING.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] = data.draw(st.sampled_from(lines)).replace("=", data.draw(st.sampled_from("=.")))
    error = refusal("\n".join(lines).encode())
    if error is not None:
        assert isinstance(error.where, Position)
        assert 1 <= error.where.line <= len(lines)
