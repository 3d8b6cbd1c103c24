"""What the pages on `fata.toml` and on CI say is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from fata.ci.model import DEPLOY_KEY, KNOWN_HOSTS
from fata.ci.pins import CHECKOUT, IMAGE, UPLOAD
from fata.ci.render import PROVIDERS
from fata.settings import parse
from functoria.error import UserError

from .pipelines import WEBSITE
from .test_run import ci, counter  # noqa: F401 - a fixture

DOCS = Path(__file__).resolve().parents[4] / "docs"
SETTINGS = (DOCS / "settings.md").read_text()
CI = (DOCS / "ci.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_the_example_is_settings() -> None:
    (example,) = blocks(SETTINGS, "toml")
    settings = parse(example.encode())
    assert settings.environment().health.path == "/health"


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("The file itself", ""),
        ("`[pipeline]`", "[pipeline]"),
        ("`[environments.NAME]`", "[environments.a]"),
        ("`[environments.NAME.health]`", "[environments.a.health]"),
        ("`[environments.NAME.limits]`", "[environments.a.limits]"),
    ],
)
def test_the_tables_have_every_key_and_no_other(heading: str, table: str) -> None:
    section = SETTINGS.split(f"## {heading}\n")[1].split("\n## ")[0]
    written = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    with pytest.raises(UserError, match="there is no key") as caught:
        parse(f"{table}\nzzzzzzzzz = 1".encode())
    known = set(re.findall(r"`(\w+)`", caught.value.do.partition(" are ")[2]))
    assert written == known - {"environments", "health", "limits", "pipeline"}


def test_names_and_pins_are_those_of_the_program() -> None:
    for name in (DEPLOY_KEY, KNOWN_HOSTS, IMAGE.label, "requirements-ci.txt"):
        assert name in CI
    for pin in (CHECKOUT, UPLOAD):
        assert f"`{pin.name}` {pin.label}" in CI
    kinds = {str(stage.kind) for stage in WEBSITE.stages}
    assert {name.partition("-T")[0].partition("-N")[0] for name in _stages()} == kinds


def _stages() -> list[str]:
    return re.findall(r"^\| `([\w-]+)` \|", CI.split("## On your machine")[0], re.MULTILINE)


@pytest.mark.e2e
def test_the_commands_of_the_page(counter: Path) -> None:  # noqa: F811 - the fixture
    here, there = blocks(CI, "sh")
    for line in (here + there).splitlines():
        fata, verb, *words = shlex.split(line)
        assert (fata, verb) == ("fata", "ci")
        code, said = ci(counter, *words)
        assert code == 0, said
    for provider in PROVIDERS.values():
        assert (counter.parent / provider.file).is_file()
